internal import CBaton

/// A child that `exec:` started. It ends by itself when its connection does; its exit status is
/// collected then, so that no zombie stays.
final class ChildProcess: Sendable {
  private let pidfd: Int32

  /// Takes the pidfd over.
  init(_ pidfd: Int32) {
    self.pidfd = pidfd
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
