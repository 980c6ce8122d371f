public import BatonMessages

/// The methods a server serves, by their identity on the wire.
///
/// What is generic over a method's messages is inlinable and short, so that it is compiled for these
/// messages where they are known: generic code that is not costs more than the rest of a call.
public struct MethodTable: Sendable {
  private var methods: [UInt64: ServedMethod] = [:]
  /// The same by the low bits of their identities, which are hashes: open addressing with linear
  /// probing in a power of two of places, of which at most half are taken.
  private var places: [ServedMethod?] = [nil]
  /// Two methods with the same identity, which cannot be served together.
  private(set) var collision: (String, String)?

  init() {}

  /// The methods of `services` and, with `reflection`, of the service that describes them.
  init(_ services: [any RPCService], reflection: Bool) throws(ConnectionError) {
    for service in services { service.register(in: &self) }
    if reflection {
      ReflectionService(services.map { type(of: $0).schema }).register(in: &self)
    }
    if let (one, other) = collision {
      throw ConnectionError(
        .services,
        one == other
          ? "\(one) is served twice: its service was given more than once"
          : "\(one) and \(other) have the same identity on the wire; rename one of them")
    }
    index()
  }

  private mutating func index() {
    while places.count < 2 * methods.count { places += places }
    for method in methods.values { places[place(of: method.identity)] = method }
  }

  /// Where a method is, or would be.
  private func place(of identity: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: identity) & (places.count - 1)
    while let method = places[place], method.identity != identity {
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  /// Serves a method with a task on the connection's loop.
  @inlinable
  public mutating func add<Request: Message, Response: Message>(
    _ method: Method<Request, Response>,
    _ handler:
      nonisolated(nonsending) @escaping @Sendable (Request, CallContext) async throws -> Response
  ) {
    insert(method.name, method.identity, Request.layout) {
      (message, descriptors, call) throws(CodecError) in
      let request = try Request(
        unpacking: message, descriptors: &descriptors, limits: call.limits)
      if call.isIntercepted { return call.intercept(request, handler) }
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
    insert(method.name, method.identity, Request.layout) {
      (message, descriptors, call) throws(CodecError) in
      let request = try Request(
        unpacking: message, descriptors: &descriptors, limits: call.limits)
      if call.isIntercepted { return call.intercept(request) { try handler($0, $1) } }
      do {
        let response = try handler(request, call.context)
        call.reply { (send) throws(CodecError) in try response.packed(send) }
      } catch {
        call.fail(error)
      }
    }
  }

  /// Serves a method whose replies are a stream.
  @inlinable
  public mutating func addServerStream<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>,
    _ handler:
      @escaping @Sendable (Request, ReplyWriter<Reply>, CallContext) async throws -> Void
  ) {
    insert(method.name, method.identity, Request.layout) {
      (message, descriptors, call) throws(CodecError) in
      let request = try Request(
        unpacking: message, descriptors: &descriptors, limits: call.limits)
      if call.isIntercepted { return call.interceptServerStream(request, handler) }
      let outgoing = call.makeOutgoing()
      call.run(outgoing: outgoing) { call in
        do {
          try await handler(request, ReplyWriter(outgoing), call.context)
          call.answer()
        } catch {
          call.answer(error)
        }
      }
    }
  }

  /// Serves a method whose requests are a stream.
  @inlinable
  public mutating func addClientStream<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>,
    _ handler: @escaping @Sendable (MessageStream<Request>, CallContext) async throws -> Reply
  ) {
    insert(method.name, method.identity, Request.layout, takesStream: true) { (_, _, call) in
      if call.isIntercepted { return call.interceptClientStream(handler) }
      let (incoming, requests) = call.makeRequests(of: Request.self)
      call.run(incoming: incoming) { call in
        do {
          let reply = try await handler(requests, call.context)
          call.answer { (send) throws(CodecError) in try reply.packed(send) }
        } catch {
          call.answer(error)
        }
      }
    }
  }

  /// Serves a method whose requests and replies are streams.
  @inlinable
  public mutating func addBidirectionalStream<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>,
    _ handler:
      @escaping @Sendable (MessageStream<Request>, ReplyWriter<Reply>, CallContext) async throws ->
      Void
  ) {
    insert(method.name, method.identity, Request.layout, takesStream: true) { (_, _, call) in
      if call.isIntercepted { return call.interceptBidirectionalStream(handler) }
      let (incoming, requests) = call.makeRequests(of: Request.self)
      let outgoing = call.makeOutgoing()
      call.run(incoming: incoming, outgoing: outgoing) { call in
        do {
          try await handler(requests, ReplyWriter(outgoing), call.context)
          call.answer()
        } catch {
          call.answer(error)
        }
      }
    }
  }

  /// Whether a request of any method may carry descriptors.
  var takesDescriptors: Bool { methods.values.contains { $0.mostDescriptors > 0 } }

  /// Their names by their identity.
  var names: [UInt64: String] { methods.mapValues(\.name) }

  func find(_ identity: UInt64) -> ServedMethod? { places[place(of: identity)] }

  @usableFromInline
  mutating func insert(
    _ name: String, _ identity: MethodIdentity, _ request: MessageLayout,
    takesStream: Bool = false, _ handle: @escaping ServedMethod.Handle
  ) {
    let method = ServedMethod(
      name: name, identity: identity.number, takesStream: takesStream,
      mostDescriptors: Self.budget(request.mostDescriptors), handle: handle)
    if let other = methods.updateValue(method, forKey: identity.number) {
      collision = (other.name, name)
    }
  }
}

extension MethodTable {
  /// A caller with a newer schema may have more fields for descriptors than this end knows, if there
  /// are some at all.
  private static let unknownFields = 8

  private static func budget(_ known: Int) -> Int {
    known == 0 || known == .max ? known : known + unknownFields
  }
}

/// A method that a server serves.
@usableFromInline
final class ServedMethod: Sendable {
  /// Reads the request and has it handled; throws when it cannot be read. On the loop's thread; the
  /// bytes are valid only during this call.
  @usableFromInline
  typealias Handle =
    @Sendable (LentMessage, inout ReceivedDescriptors, ServedCall) throws(CodecError) ->
    Void

  let name: String
  let identity: UInt64
  /// Whether its requests are a stream.
  let takesStream: Bool
  /// Descriptors that a request may have.
  let mostDescriptors: Int
  let handle: Handle

  init(
    name: String, identity: UInt64, takesStream: Bool, mostDescriptors: Int,
    handle: @escaping Handle
  ) {
    self.name = name
    self.identity = identity
    self.takesStream = takesStream
    self.mostDescriptors = mostDescriptors
    self.handle = handle
  }
}

extension ServedCall {
  /// The stream that requests come on.
  @inlinable
  func makeRequests<Request: Message>(
    of type: Request.Type
  ) -> (IncomingStream, MessageStream<Request>) {
    let inbox = Inbox<Request>()
    let incoming = makeIncoming { (message, descriptors, limits, stream) throws(CodecError) in
      let request = try Request(unpacking: message, descriptors: &descriptors, limits: limits)
      stream.deliver { inbox.queue.append(request) }
    }
    return (incoming, MessageStream(incoming, inbox, nil))
  }
}
