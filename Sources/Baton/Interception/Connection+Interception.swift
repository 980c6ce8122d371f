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
      try await interception.around(.unary, method.name, options) { hooks, options in
        let reply = try await core.call(method, try hooks.request(request), options)
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
      try await interception.around(.unary, name, options) { _, options in
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
    let stream = InterceptedStream()
    call.interception = stream
    // Not the connection itself: a stream does not keep it.
    stream.start(on: loop) { [core] in
      let isBegun = Mutex(false)
      do {
        try await interception.around(.serverStream, method.name, options) { hooks, options in
          if isBegun.withLock({ $0.turnOn() }) { throw RPCError.goneOnTwice }
          let request = try hooks.request(request)
          tap.set(hooks.replies)
          core.begin(call, method.identity, options) { (send) throws(CodecError) in
            try request.packed(send)
          }
          try await stream.waitForEnd()
        }
        call.incoming.end(nil)
      } catch {
        call.incoming.end(RPCError(intercepting: error))
      }
      core.leave(call)
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
    try await interception.around(.clientStream, method.name, options) { hooks, options in
      if isBegun.turnOn() { throw RPCError.goneOnTwice }
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
    try await interception.around(.bidirectionalStream, method.name, options) { hooks, options in
      if isBegun.turnOn() { throw RPCError.goneOnTwice }
      let (call, replies) = makeStream(of: Reply.self)
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
