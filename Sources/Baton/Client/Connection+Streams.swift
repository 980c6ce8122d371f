public import BatonMessages

extension Connection {
  /// Calls a method whose replies are a stream. The call begins at once; why it ended, if not well,
  /// is thrown by the iteration.
  @inlinable
  public func serverStream<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>, _ request: Request, options: CallOptions = CallOptions()
  ) -> MessageStream<Reply> {
    if let interception {
      return interceptedServerStream(interception, method, request, options)
    }
    let (call, replies) = makeStream(of: Reply.self)
    begin(call, method.identity, options) { (core, options) in
      core.begin(call, method.identity, options) { (send) throws(CodecError) in
        try request.packed(send)
      }
    }
    return replies
  }

  /// Calls a method whose requests are a stream, which `body` writes and which ends when it returns.
  /// Then waits for the reply.
  ///
  /// An error that `body` throws cancels the call and is thrown; but if the server has ended the call
  /// before, its answer is the call's.
  @inlinable
  nonisolated(nonsending) public func clientStream<Request: Message, Reply: Message>(
    _ method: Method<Request, Reply>, options: CallOptions = CallOptions(),
    _ body: (RequestWriter<Request>) async throws -> Void
  ) async throws -> Reply {
    if let interception {
      return try await interceptedClientStream(interception, method, options, body)
    }
    let options = options.begun
    let core = try await route.core(for: method.identity, options)
    return try await core.upload(method, options) { (requests) async throws in
      try await body(RequestWriter(requests))
    }
  }

  /// Calls a method whose requests and replies are streams. The call lasts as long as `body`: what it
  /// has not written or received when it returns is not wanted.
  @inlinable
  nonisolated(nonsending) public func bidirectionalStream<
    Request: Message, Reply: Message, Result
  >(
    _ method: Method<Request, Reply>, options: CallOptions = CallOptions(),
    _ body: (RequestWriter<Request>, MessageStream<Reply>) async throws -> Result
  ) async throws -> Result {
    if let interception {
      return try await interceptedBidirectionalStream(interception, method, options, body)
    }
    let options = options.begun
    let core = try await route.core(for: method.identity, options)
    let (call, replies) = makeStream(of: Reply.self)
    let requests = core.beginStream(call, method.identity, options)
    defer { core.leave(call) }
    return try await body(RequestWriter(requests), replies)
  }

  @inlinable
  func makeStream<Reply: Message>(
    of type: Reply.Type
  ) -> (StreamCall, MessageStream<Reply>) {
    let inbox = Inbox<Reply>()
    let call = route.makeStreamCall { (message, descriptors, limits, stream) throws(CodecError) in
      let reply = try Reply(unpacking: message, descriptors: &descriptors, limits: limits)
      stream.deliver { inbox.queue.append(reply) }
    }
    return (call, MessageStream(call.incoming, inbox, CallLease(call)))
  }

  /// Begins a call whose replies are a stream: now, or in a task of its own when there is a
  /// connection. `body` begins it.
  @usableFromInline
  func begin(
    _ call: StreamCall, _ method: MethodIdentity, _ options: CallOptions,
    _ body: @escaping @Sendable (ClientCore, CallOptions) -> Void
  ) {
    if let core = route.ready { return body(core, options) }
    // Not the connection itself: a stream does not keep it.
    call.run(on: loop) { [route, options = options.begun] task in
      body(try await route.core(for: method, options), options)
      try await task.waitForEnd()
    }
  }
}
