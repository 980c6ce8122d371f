import Baton
import BatonMessages

/// What a server tells of itself through `baton.reflection.v1.Reflection`.
struct ServerSchema {
  /// Full names, in alphabetic order.
  let services: [String]
  let pool: SchemaPool

  /// Of all services, in their order.
  var methods: [MethodType] { services.flatMap { pool.service($0)?.methods ?? [] } }

  /// Asks the server.
  init(of session: Session) async throws(Failure) {
    let bytes = try await Self.ask(session)
    do throws(CodecError) {
      let described = try DescribeReply(decoding: bytes)
      services = described.services
      pool = try SchemaPool(serializedFiles: described.files)
    } catch {
      throw Failure(.call(13), "the server's schema is invalid: \(error)")
    }
  }

  private static func ask(_ session: Session) async throws(Failure) -> [UInt8] {
    do throws(RPCError) {
      let request = EncodedMessage(bytes: [])
      return try await session.call(Reflection.Methods.describe.name, request).bytes
    } catch {
      if error.code != .unimplemented { throw Failure(error) }
      throw Failure(
        .call(error.code.rawValue),
        "the server does not tell its schema; name it with --schema FILE")
    }
  }
}
