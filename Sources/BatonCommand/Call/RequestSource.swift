import BatonMessages
import SystemPackage

/// Where the request stands, or a stream of them: in the argument itself, in a file (`@FILE`) or on
/// standard input (`-`).
enum RequestSource {
  case text(String)
  case file(name: String, Descriptor)
  case standardInput(Descriptor)

  init(_ argument: String) throws(Failure) {
    if argument == "-" {
      self = try Self.reading("standard input") { () throws(Errno) in
        .standardInput(try Descriptor(duplicating: .standardInput))
      }
    } else if argument.hasPrefix("@") {
      let path = String(argument.dropFirst())
      self = try Self.reading(path) { () throws(Errno) in
        .file(name: path, try Descriptor.open(FilePath(path)))
      }
    } else {
      self = .text(argument)
    }
  }

  var isStandardInput: Bool {
    if case .standardInput = self { true } else { false }
  }

  /// All of the text.
  func read() throws(Failure) -> String {
    switch self {
    case .text(let text): text
    case .file(let name, let file):
      try Self.reading(name) { () throws(Errno) in try file.readTextToEnd() }
    case .standardInput(let input):
      try Self.reading("standard input") { () throws(Errno) in try input.readTextToEnd() }
    }
  }

  static func reading<Result>(
    _ name: String, _ body: () throws(Errno) -> Result
  ) throws(Failure) -> Result {
    do throws(Errno) {
      return try body()
    } catch {
      throw .usage("cannot read the request from \(name): \(error)")
    }
  }
}
