import Synchronization

/// What a server says beside its replies, for a caller that asks for it: one for each call, given
/// with its ``CallOptions``.
public final class ReplyInfo: Sendable {
  private let state = Mutex((metadata: Metadata?.none, trailers: Metadata()))

  public init() {}

  /// What the server said ahead of its first reply; nil as long as it has not.
  public var metadata: Metadata? { state.withLock { $0.metadata } }
  /// What it said behind its last reply. Those of a call that failed are in the ``RPCError``, too.
  public var trailers: Metadata { state.withLock { $0.trailers } }

  /// Forgets what the server said: the call is made again.
  func clear() { state.withLock { $0 = (nil, Metadata()) } }
  func set(metadata: Metadata) { state.withLock { $0.metadata = metadata } }
  func set(trailers: Metadata) { state.withLock { $0.trailers = trailers } }
}
