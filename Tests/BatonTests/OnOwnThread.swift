import Baton

/// Runs `body` and the tasks it starts on a thread of its own: other tests may hold every thread of
/// Swift's pool while they wait for processes, and `body` may block.
func onOwnThread<Result>(
  _ body: () async throws -> Result
) async throws -> Result {
  try await withOwnLoop { _ in try await body() }
}

/// The same, for a body that starts tasks which are not its children: they do not run there unless
/// they are told to.
func withOwnLoop<Result>(
  _ body: (EventLoop) async throws -> Result
) async throws -> Result {
  let loop = try EventLoop()
  defer { loop.shutdown() }
  return try await withTaskExecutorPreference(loop) { try await body(loop) }
}
