public import BatonMessages

// Calls that interceptors stand around. Apart from the others, and for all messages alike, as nothing
// of this shall be in the code that is made for each method.
extension ServedCall {
  @usableFromInline
  var isIntercepted: Bool { connection.isIntercepted }

  @usableFromInline
  func intercept<Request: Message, Response: Message>(
    _ request: Request,
    _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) {
    runIntercepted(.unary) { hooks, context in
      let request = try hooks.request(request)
      return try PackedReply(packing: try hooks.reply(try await handler(request, context)))
    }
  }

  @usableFromInline
  func interceptServerStream<Request: Message, Reply: Message>(
    _ request: Request,
    _ handler:
      @escaping @Sendable (Request, ReplyWriter<Reply>, CallContext) async throws -> Void
  ) {
    let outgoing = makeOutgoing()
    runIntercepted(.serverStream, outgoing: outgoing) { hooks, context in
      let request = try hooks.request(request)
      try await handler(request, ReplyWriter(outgoing, .with(hooks.replies)), context)
      return nil
    }
  }

  @usableFromInline
  func interceptClientStream<Request: Message, Reply: Message>(
    _ handler: @escaping @Sendable (MessageStream<Request>, CallContext) async throws -> Reply
  ) {
    let (incoming, requests) = makeRequests(of: Request.self)
    runIntercepted(.clientStream, incoming: incoming) { hooks, context in
      let requests = requests.tapped(.with(hooks.requests))
      return try PackedReply(packing: try hooks.reply(try await handler(requests, context)))
    }
  }

  @usableFromInline
  func interceptBidirectionalStream<Request: Message, Reply: Message>(
    _ handler:
      @escaping @Sendable (MessageStream<Request>, ReplyWriter<Reply>, CallContext) async throws ->
      Void
  ) {
    let (incoming, requests) = makeRequests(of: Request.self)
    let outgoing = makeOutgoing()
    runIntercepted(.bidirectionalStream, incoming: incoming, outgoing: outgoing) { hooks, context in
      let requests = requests.tapped(.with(hooks.requests))
      try await handler(requests, ReplyWriter(outgoing, .with(hooks.replies)), context)
      return nil
    }
  }

  /// Runs `handler` inside the interceptors. It returns a reply that is not written yet.
  private func runIntercepted(
    _ kind: InterceptedCall.Kind, incoming: IncomingStream? = nil, outgoing: OutgoingStream? = nil,
    _ handler: @escaping @Sendable (MessageHooks, CallContext) async throws -> PackedReply?
  ) {
    let outcome = CallOutcome()
    run(incoming: incoming, outgoing: outgoing, outcome: outcome) { call in
      do {
        if let reply = try await call.pass(kind, outcome, handler) {
          call.answer { (send) throws(CodecError) in send(reply.message) }
        } else {
          call.answer()
        }
      } catch {
        call.answer(error)
      }
    }
  }

  private func pass(
    _ kind: InterceptedCall.Kind, _ outcome: CallOutcome,
    _ handler: @Sendable (MessageHooks, CallContext) async throws -> PackedReply?
  ) async throws -> PackedReply? {
    let context = context
    let intercepted = InterceptedCall(
      method: method, kind: kind, peer: context.peer, deadline: context.deadline,
      metadata: context.metadata, failure: { self.told(of: $0) })
    var reply: PackedReply??
    try await Self.pass(intercepted, context, connection.interceptors[...]) { intercepted in
      if reply != nil { throw RPCError.goneOnTwice }
      do {
        reply = .some(try await handler(intercepted.hooks, context.with(intercepted.metadata)))
      } catch {
        throw outcome.error ?? error
      }
      if let error = outcome.error { throw error }
    }
    guard let reply else { throw RPCError.notGoneOn }
    return reply
  }

  private static func pass(
    _ call: InterceptedCall, _ context: CallContext,
    _ interceptors: ArraySlice<any ServerInterceptor>,
    _ body: (InterceptedCall) async throws -> Void
  ) async throws {
    guard let first = interceptors.first else { return try await body(call) }
    try await first.intercept(call, context: context) { call in
      try await pass(call, context, interceptors.dropFirst(), body)
    }
  }
}

/// A reply that is to be sent when its interceptors have seen it.
///
/// Sendable because one task has it.
final class PackedReply: @unchecked Sendable {
  let message: PackedMessage

  /// Throws what is wrong with the reply, as for a call that nobody intercepts.
  init(packing reply: some Message) throws(RPCError) {
    do throws(CodecError) {
      message = try reply.pack()
    } catch {
      throw RPCError(writing: error, "the reply")
    }
  }
}
