public import BatonMessages

/// The methods a server serves, by their identity on the wire.
///
/// What is generic over a method's messages is inlinable and short, so that it is compiled for these
/// messages where they are known: generic code that is not costs more than the rest of a call.
public struct MethodTable: Sendable {
  private var methods: [UInt64: ServedMethod] = [:]
  /// Two methods with the same identity, which cannot be served together.
  private(set) var collision: (String, String)?

  init() {}

  /// Serves a method with a task on the connection's loop.
  @inlinable
  public mutating func add<Request: Message, Response: Message>(
    _ method: Method<Request, Response>,
    _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) {
    insert(method.name, method.identity) { (message, descriptors, call) throws(CodecError) in
      let request = try Request(unpacking: message, descriptors: &descriptors)
      call.run { call in
        do {
          let response = try await handler(request, call.context)
          call.answer { (send) throws(CodecError) in try response.packed(send) }
        } catch {
          call.answer(error)
        }
      }
    }
  }

  /// Serves a method by calling `handler` on the loop itself, which it must not block.
  @inlinable
  public mutating func addSynchronous<Request: Message, Response: Message>(
    _ method: Method<Request, Response>,
    _ handler: @escaping @Sendable (Request, CallContext) throws -> Response
  ) {
    insert(method.name, method.identity) { (message, descriptors, call) throws(CodecError) in
      let request = try Request(unpacking: message, descriptors: &descriptors)
      do {
        let response = try handler(request, call.context)
        call.reply { (send) throws(CodecError) in try response.packed(send) }
      } catch {
        call.fail(error)
      }
    }
  }

  func find(_ identity: UInt64) -> ServedMethod? { methods[identity] }

  @usableFromInline
  mutating func insert(
    _ name: String, _ identity: MethodIdentity, _ handle: @escaping ServedMethod.Handle
  ) {
    let method = ServedMethod(name: name, handle: handle)
    if let other = methods.updateValue(method, forKey: identity.number) {
      collision = (other.name, name)
    }
  }
}

/// A method that a server serves.
@usableFromInline
struct ServedMethod: Sendable {
  /// Reads the request and has it handled; throws when it cannot be read. On the loop's thread; the
  /// bytes are valid only during this call.
  @usableFromInline
  typealias Handle =
    @Sendable (UnsafeRawBufferPointer, inout ReceivedDescriptors, ServedCall) throws(CodecError) ->
    Void

  let name: String
  let handle: Handle
}
