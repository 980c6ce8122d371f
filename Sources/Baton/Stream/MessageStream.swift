public import BatonMessages

/// The messages of a stream, in the order they were sent, each with its descriptors.
///
/// One task iterates, once. At a client the call ends with the iteration: leaving the loop early, or
/// cancelling its task, cancels the call. The sender is slowed down by whoever does not iterate: no
/// more than a window of messages waits here.
public struct MessageStream<Element: Message>: AsyncSequence, Sendable {
  public typealias Failure = RPCError

  @usableFromInline let stream: IncomingStream
  @usableFromInline let inbox: Inbox<Element>
  @usableFromInline let lease: CallLease?
  @usableFromInline let tap: MessageTap?

  @usableFromInline
  init(
    _ stream: IncomingStream, _ inbox: Inbox<Element>, _ lease: CallLease?,
    _ tap: MessageTap? = nil
  ) {
    self.stream = stream
    self.inbox = inbox
    self.lease = lease
    self.tap = tap
  }

  /// The same messages as interceptors let them pass.
  func tapped(_ tap: MessageTap?) -> MessageStream { MessageStream(stream, inbox, lease, tap) }

  @inlinable
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream, inbox, lease, tap)
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    @usableFromInline let stream: IncomingStream
    @usableFromInline let inbox: Inbox<Element>
    @usableFromInline let lease: CallLease?
    @usableFromInline let tap: MessageTap?
    /// The next one last, so that it can be moved out.
    @usableFromInline var batch: [Element] = []

    @usableFromInline
    init(
      _ stream: IncomingStream, _ inbox: Inbox<Element>, _ lease: CallLease?, _ tap: MessageTap?
    ) {
      self.stream = stream
      self.inbox = inbox
      self.lease = lease
      self.tap = tap
    }

    /// The next message; nil when the sender has finished. Throws why the call ended otherwise.
    @inlinable
    public mutating func next() async throws(RPCError) -> Element? {
      try await next(isolation: nil)
    }

    /// The same, without leaving the caller's actor.
    @inlinable
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Element? {
      while true {
        if let next = batch.popLast() { return next }
        if let tap { try tap.check() }
        switch stream.take({ swap(&batch, &inbox.queue) }) {
        case .some:
          if let tap { tap.pass(&batch) }
          batch.reverse()
        case .nothing: try await stream.wait()
        case .end(nil): return nil
        case .end(let error?): throw error
        }
      }
    }
  }
}
