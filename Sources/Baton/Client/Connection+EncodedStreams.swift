public import BatonMessages

/// Streams of messages that are encoded already, of methods that are known by name.
extension Connection {
  /// Calls a method with one request, `files.v1.FileBroker/Watch`, whose replies are a stream or one.
  /// The call begins at once; why it ended, if not well, is thrown by the iteration.
  public func serverStream(
    method name: String, _ request: EncodedMessage, options: CallOptions = CallOptions()
  ) -> ReplyStream {
    let (call, replies) = makeReplyStream()
    let method = MethodIdentity(name)
    begin(call, method, options) { core, options in
      core.begin(call, method, options, encoded: request)
    }
    return replies
  }

  /// Calls a method whose requests are a stream, and whose replies are a stream or one. The call
  /// lasts as long as `body`: what it has not written or received when it returns is not wanted.
  nonisolated(nonsending) public func bidirectionalStream<Result>(
    method name: String, options: CallOptions = CallOptions(),
    _ body: (EncodedRequestWriter, ReplyStream) async throws -> Result
  ) async throws -> Result {
    let method = MethodIdentity(name)
    let options = options.begun
    let core = try await route.core(for: method, options)
    let (call, replies) = makeReplyStream()
    let requests = core.beginStream(call, method, options)
    defer { core.leave(call) }
    return try await body(EncodedRequestWriter(stream: requests), replies)
  }

  private func makeReplyStream() -> (StreamCall, ReplyStream) {
    let inbox = Inbox<ReplySlot>()
    let call = route.makeStreamCall { (message, descriptors, _, stream) in
      let reply = ReplySlot()
      reply.put(message, &descriptors)
      stream.deliver { inbox.queue.append(reply) }
    }
    return (call, ReplyStream(stream: call.incoming, inbox: inbox, lease: CallLease(call)))
  }
}

/// The replies of a call, encoded as they came, each with its descriptors. One task iterates, once;
/// the call ends with the iteration, as that of a ``MessageStream`` does.
public struct ReplyStream: Sendable {
  fileprivate let stream: IncomingStream
  fileprivate let inbox: Inbox<ReplySlot>
  fileprivate let lease: CallLease

  public func makeIterator() -> Iterator { Iterator(replies: self) }

  /// How the call ended; nil while it lasts. What came before may be still to be taken.
  package var ending: Result<Void, RPCError>? { stream.ending }

  public struct Iterator: ~Copyable {
    fileprivate let replies: ReplyStream
    /// The next one last.
    private var batch: [ReplySlot] = []

    fileprivate init(replies: ReplyStream) {
      self.replies = replies
    }

    /// The next reply; nil when the server has finished. Throws why the call ended otherwise.
    nonisolated(nonsending) public mutating func next() async throws(RPCError) -> Reply? {
      while true {
        if let next = batch.popLast() { return next.take() }
        switch replies.stream.take({ swap(&batch, &replies.inbox.queue) }) {
        case .some: batch.reverse()
        case .nothing: try await replies.stream.wait()
        case .end(nil): return nil
        case .end(let error?): throw error
        }
      }
    }
  }
}

/// Where a client writes requests that are encoded already.
public struct EncodedRequestWriter: Sendable {
  fileprivate let stream: OutgoingStream

  /// Sends a request, as ``RequestWriter/write(_:)`` does.
  nonisolated(nonsending) public func write(_ request: EncodedMessage) async throws(RPCError) {
    try await stream.send(encoded: request)
  }

  /// Tells the server that no more requests come.
  public func finish() {
    stream.finish()
  }

  /// Whether the call is over, so that nothing more can be written.
  public var hasEnded: Bool { stream.hasEnded }
}
