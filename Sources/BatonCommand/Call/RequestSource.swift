import BatonMessages
import SystemPackage

/// Where the request stands, or a stream of them: in the argument itself, in a file (`@FILE`) or on
/// standard input (`-`).
enum RequestSource {
  case text(String)
  case file(name: String, Descriptor)
  case standardInput(Descriptor)

  init(_ argument: String, _ watch: Watch) throws(Failure) {
    if argument == "-" {
      self = try Self.reading(Self.standardInput, watch) { () throws(Errno) in
        .standardInput(try Descriptor(duplicating: .standardInput))
      }
    } else if argument.hasPrefix("@") {
      let path = String(argument.dropFirst())
      if path.isEmpty {
        throw .usage("expected the request's file behind @, as in @request.json, got @")
      }
      self = try Self.reading(path, watch) { () throws(Errno) in
        .file(name: path, try Descriptor.open(DescriptorSource.whole(path)))
      }
    } else {
      // Something else that begins so is no JSON, as the name of a file is not.
      let starts = "{[\"-0123456789tfn"
      if let first = argument.first(where: { !$0.isWhitespace }), !starts.contains(first) {
        throw .usage("expected the request as JSON, @FILE or -, got \(argument.quoted)")
      }
      self = .text(argument)
    }
  }

  var isStandardInput: Bool {
    if case .standardInput = self { true } else { false }
  }

  /// All of the text.
  func read(_ watch: Watch) throws(Failure) -> String {
    switch self {
    case .text(let text): text
    case .file(let name, let file): try Self.text(of: file, name, watch)
    case .standardInput(let input): try Self.text(of: input, Self.standardInput, watch)
    }
  }

  /// Bytes of JSON text. The message it stands for is smaller, and may not be larger than 2 GiB.
  private static let most = 4 << 30

  private static func text(
    of file: Descriptor, _ name: String, _ watch: Watch
  ) throws(Failure) -> String {
    let bytes = try reading(name, watch) { () throws(Errno) in try file.readToEnd(limit: most) }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let (line, column) = firstFault(in: bytes)
    throw .usage("the request: line \(line), column \(column): expected UTF-8")
  }

  /// Where the first byte stands that is not UTF-8; columns count characters.
  private static func firstFault(in bytes: [UInt8]) -> (line: Int, column: Int) {
    var decoder = UTF8()
    var rest = bytes.makeIterator()
    var (line, column) = (1, 1)
    while case .scalarValue(let scalar) = decoder.decode(&rest) {
      column += 1
      if scalar == "\n" { (line, column) = (line + 1, 1) }
    }
    return (line, column)
  }

  private static let standardInput = "standard input"

  private static func reading<Result>(
    _ name: String, _ watch: Watch, _ body: () throws(Errno) -> Result
  ) throws(Failure) -> Result {
    let failure = "cannot read the request from \(name.shortened)"
    do throws(Errno) {
      return try watch.during("\(failure) to its end", body)
    } catch {
      let why = name == standardInput && error == .badFileDescriptor ? "it is closed" : "\(error)"
      throw .usage("\(failure): \(why)")
    }
  }
}
