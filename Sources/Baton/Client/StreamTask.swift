import Synchronization

/// The task in which a call whose caller only iterates over its replies waits for a connection, and in
/// which interceptors stand around it. It belongs to the call, and is cancelled with it.
final class StreamTask: Sendable {
  private let state = Mutex(State())
  private let ended = OneShot()

  private struct State {
    var task: Task<Void, Never>?
    var isCancelled = false
    var error: RPCError?
  }

  func start(on loop: EventLoop, _ body: @escaping @Sendable () async -> Void) {
    let task = Task(executorPreference: loop) { await body() }
    let isCancelled = state.withLock { state in
      state.task = task
      return state.isCancelled
    }
    if isCancelled { task.cancel() }
  }

  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }

  /// The call itself is over.
  func end(_ error: RPCError?) {
    state.withLock { $0.error = error }
    ended.fire()
  }

  /// Waits until it is.
  func waitForEnd() async throws(RPCError) {
    await ended.wait()
    if let error = state.withLock({ $0.error }) { throw error }
  }
}
