public import BatonMessages
import Synchronization

// Calls that interceptors stand around; see there for calls without.
extension Connection {
  @usableFromInline
  nonisolated(nonsending) func interceptedCall<Request: Message, Response: Message>(
    _ interception: ClientInterception, _ method: Method<Request, Response>, _ request: Request,
    _ options: CallOptions
  ) async throws(RPCError) -> Response {
    var response: Response?
    do {
      try await interception.around(.unary, method.name, options.begun, to: peer) {
        hooks, options in
        let reply = try await callDirectly(method, try hooks.request(request), options)
        response = try hooks.reply(reply)
      }
    } catch {
      throw RPCError(intercepting: error)
    }
    guard let response else { throw RPCError.notGoneOn }
    return response
  }

  nonisolated(nonsending) func interceptedCall(
    _ interception: ClientInterception, method name: String, _ options: CallOptions,
    _ body: (CallOptions) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    do {
      try await interception.around(.unary, name, options.begun, to: peer) { _, options in
        try await body(options)
      }
    } catch {
      throw RPCError(intercepting: error)
    }
  }

  @usableFromInline
  func interceptedServerStream<Request: Message, Reply: Message>(
    _ interception: ClientInterception, _ method: Method<Request, Reply>, _ request: Request,
    _ options: CallOptions
  ) -> MessageStream<Reply> {
    let (call, replies) = makeStream(of: Reply.self)
    let tap = MessageTap()
    // Not the connection itself: a stream does not keep it.
    call.run(on: loop) { [route, peer, options = options.begun] task in
      let isBegun = Mutex(false)
      let isWhole = Mutex(false)
      try await interception.around(.serverStream, method.name, options, to: peer) {
        hooks, options in
        if isBegun.withLock({ $0.turnOn() }) { throw RPCError.goneOnTwice }
        let request = try hooks.request(request)
        tap.set(hooks.replies)
        let core = try await route.core(for: method.identity, options)
        core.begin(call, method.identity, options) { (send) throws(CodecError) in
          try request.packed(send)
        }
        try await task.waitForEnd()
        isWhole.withLock { $0 = true }
      }
      // An interceptor may have kept an error to itself: the stream is not whole for that.
      if !isWhole.withLock({ $0 }) { throw RPCError.notGoneOn }
    }
    return replies.tapped(tap)
  }

  @usableFromInline
  nonisolated(nonsending) func interceptedClientStream<Request: Message, Reply: Message>(
    _ interception: ClientInterception, _ method: Method<Request, Reply>, _ options: CallOptions,
    _ body: (RequestWriter<Request>) async throws -> Void
  ) async throws -> Reply {
    var reply: Reply?
    var isBegun = false
    try await interception.around(.clientStream, method.name, options.begun, to: peer) {
      hooks, options in
      if isBegun.turnOn() { throw RPCError.goneOnTwice }
      let core = try await route.core(for: method.identity, options)
      reply = try hooks.reply(
        try await core.upload(method, options) { (requests) async throws in
          try await body(RequestWriter(requests, .with(hooks.requests)))
        })
    }
    guard let reply else { throw RPCError.notGoneOn }
    return reply
  }

  @usableFromInline
  nonisolated(nonsending) func interceptedBidirectionalStream<
    Request: Message, Reply: Message, Result
  >(
    _ interception: ClientInterception, _ method: Method<Request, Reply>, _ options: CallOptions,
    _ body: (RequestWriter<Request>, MessageStream<Reply>) async throws -> Result
  ) async throws -> Result {
    var result: Result?
    var isBegun = false
    try await interception.around(.bidirectionalStream, method.name, options.begun, to: peer) {
      hooks, options in
      if isBegun.turnOn() { throw RPCError.goneOnTwice }
      let (call, replies) = makeStream(of: Reply.self)
      let core = try await route.core(for: method.identity, options)
      let requests = core.beginStream(call, method.identity, options)
      defer { core.leave(call) }
      result = try await body(
        RequestWriter(requests, .with(hooks.requests)), replies.tapped(.with(hooks.replies)))
    }
    guard let result else { throw RPCError.notGoneOn }
    return result
  }
}

extension Bool {
  /// Whether it was on already.
  fileprivate mutating func turnOn() -> Bool {
    defer { self = true }
    return self
  }
}
