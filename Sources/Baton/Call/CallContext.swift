/// What a handler knows of the call it answers.
public struct CallContext: Sendable {
  /// `files.v1.FileBroker/Open`.
  public let method: String
  /// Who is at the other end of the connection.
  public let peer: PeerCredentials
  /// When the caller stops waiting; nil: never. The handler's task is cancelled then.
  public let deadline: ContinuousClock.Instant?

  /// Whether nobody waits for the reply any more: the caller cancelled, its deadline passed or its
  /// connection ended. The handler's task is cancelled at the same time.
  public var isCancelled: Bool { Task.isCancelled }

  /// Runs `body` away from the connection's loop, for work that blocks or takes long: on the global
  /// executor, whose threads are few.
  public func offLoop<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withTaskExecutorPreference(globalConcurrentExecutor) { try body() }
  }
}
