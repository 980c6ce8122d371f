internal import CBaton
import Glibc

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
    _ = baton_signal(pidfd, SIGTERM)
  }

  /// Waits for its end, and brings it about: a child that has not ended by itself within `grace` gets
  /// SIGTERM, and SIGKILL after as long again.
  func end(within grace: Duration) {
    for signal in [SIGTERM, SIGKILL] {
      if reap(within: grace) { return }
      _ = baton_signal(pidfd, signal)
    }
    _ = baton_reap(pidfd, true)
  }

  /// Waits for its end, `limit` at most. Whether it has ended.
  private func reap(within limit: Duration) -> Bool {
    let end = LoopClock.now &+ UInt64(limit.clampedNanoseconds)
    while baton_reap(pidfd, false) == 0 {
      let now = LoopClock.now
      if now >= end { return false }
      _ = baton_wait(pidfd, false, Int64(end - now))
    }
    return true
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
