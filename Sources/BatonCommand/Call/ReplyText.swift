import Baton
import BatonMessages
import Glibc
import SystemPackage

/// A reply as JSON text, each descriptor as an object that says what it is.
struct ReplyText {
  private let value: JSONValue

  init(_ reply: DynamicMessage) throws(Failure) {
    let options = JSONEncodingOptions { descriptor, _, _ in
      Self.object(try descriptor.describe())
    }
    do throws(CodecError) {
      value = try reply.jsonValue(options)
    } catch {
      throw Failure(.output, "the reply cannot be shown as JSON: \(error)")
    }
  }

  /// On one line, for programs.
  var compact: String { value.text() }

  /// For people, on standard output.
  var pretty: String { JSONText.pretty(value, terminal: Terminal(stream: STDOUT_FILENO)) }

  private static func object(_ description: DescriptorDescription) -> JSONValue {
    var members = [JSONValue.Member("kind", .string(description.kind.schemaName))]
    if description.access != .any {
      members.append(.init("access", .string(description.access.schemaName)))
    }
    if let size = description.size { members.append(.init("size", .number(size))) }
    if let path = description.path { members.append(.init("path", .string(path))) }
    return .object(members)
  }
}

extension Reply {
  /// The message, which has the reply's descriptors.
  consuming func decode(as type: MessageType) throws(RPCError) -> DynamicMessage {
    do throws(CodecError) {
      return try DynamicMessage(decoding: bytes, descriptors: &descriptors, type: type)
    } catch {
      let code: RPCError.Code = error.kind == .descriptor ? .invalidArgument : .internal
      throw RPCError(code, "the reply is invalid: \(error)")
    }
  }
}
