import BatonMessages
import SystemPackage

/// A request as it was given: JSON text, wherever it stands.
struct RequestText {
  let json: String

  /// Reads what the argument names: `@FILE`, `-` for standard input, or the text itself.
  init(_ argument: String) throws(Failure) {
    if argument == "-" {
      json = try Self.text("standard input") { () throws(Errno) in
        try Descriptor(duplicating: .standardInput)
      }
    } else if argument.hasPrefix("@") {
      let path = String(argument.dropFirst())
      json = try Self.text(path) { () throws(Errno) in try Descriptor.open(FilePath(path)) }
    } else {
      json = argument
    }
  }

  private static func text(
    _ name: String, _ open: () throws(Errno) -> Descriptor
  ) throws(Failure) -> String {
    do throws(Errno) {
      return try open().readTextToEnd()
    } catch {
      throw .usage("cannot read the request from \(name): \(error)")
    }
  }

  /// The message, with its descriptors open.
  func message(_ type: MessageType) throws(Failure) -> DynamicMessage {
    let options = JSONDecodingOptions { source, _, _ in try DescriptorSource(source).open() }
    do throws(CodecError) {
      return try DynamicMessage(json: json, type: type, options: options)
    } catch {
      let place = error.path.isEmpty ? "" : "\(error.path): "
      throw .usage("the request: \(place)\(error.message)")
    }
  }
}
