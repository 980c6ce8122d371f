internal import CBaton

/// A child that `exec:` started. It ends by itself when its connection does, which it knows once it
/// said hello; its exit status is collected then, so that no zombie stays.
final class ChildProcess: Sendable {
  private let pidfd: Int32

  /// Takes the pidfd over.
  init(_ pidfd: Int32) {
    self.pidfd = pidfd
  }

  /// SIGTERM, for a child that knows nothing of the connection.
  func terminate() {
    _ = baton_terminate(pidfd)
  }

  /// Waits for its end, `limit` at most.
  func reap(within limit: Duration) {
    let end = LoopClock.now &+ UInt64(limit.clampedNanoseconds)
    while baton_reap(pidfd, false) == 0 {
      let now = LoopClock.now
      if now >= end { return }
      _ = baton_wait(pidfd, false, Int64(end - now))
    }
  }

  deinit {
    let pidfd = pidfd
    if baton_reap(pidfd, false) != 0 {
      baton_close(pidfd)
      return
    }
    LoopThread.start {
      _ = baton_reap(pidfd, true)
      baton_close(pidfd)
    }
  }
}
