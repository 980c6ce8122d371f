import Baton

/// Runs what blocks on a thread of its own, so that it takes none from Swift's pool.
func blocking<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  let loop = try EventLoop()
  defer { loop.shutdown() }
  return try await withTaskExecutorPreference(loop) { try body() }
}
