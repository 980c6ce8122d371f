internal import CBaton
import Glibc
import SystemPackage

/// A child that `exec:` started. It ends by itself when its connection does, which it knows once it
/// said hello; its exit status is collected then, so that no zombie stays.
package final class ChildProcess: Sendable {
  private let pidfd: Int32

  /// Takes the pidfd over.
  init(_ pidfd: Int32) {
    self.pidfd = pidfd
  }

  /// SIGTERM, for a child that knows nothing of the connection.
  package func terminate() {
    _ = baton_signal(pidfd, SIGTERM)
  }

  /// How a child whose connection has ended did, for errors; nil where it goes on.
  var endingSoon: String? {
    guard let status = reap(within: .milliseconds(100)) else { return nil }
    return status < 0 ? "was killed by signal \(-status)" : "exited with status \(status)"
  }

  /// Waits for its end, and brings it about: a child that has not ended by itself within `grace` gets
  /// SIGTERM, and SIGKILL after as long again.
  package func end(within grace: Duration) {
    for signal in [SIGTERM, SIGKILL] {
      if reap(within: grace) != nil { return }
      _ = baton_signal(pidfd, signal)
    }
    var status: Int32 = 0
    _ = baton_reap(pidfd, true, &status)
  }

  /// Waits for its end, `limit` at most. How it ended, as `baton_reap` says it.
  private func reap(within limit: Duration) -> Int32? {
    var status: Int32 = 0
    let end = LoopClock.now &+ UInt64(limit.clampedNanoseconds)
    while baton_reap(pidfd, false, &status) == 0 {
      let now = LoopClock.now
      if now >= end { return nil }
      _ = baton_wait(pidfd, false, Int64(end - now))
    }
    return status
  }

  deinit {
    let pidfd = pidfd
    var status: Int32 = 0
    if baton_reap(pidfd, false, &status) != 0 {
      baton_close(pidfd)
      return
    }
    do throws(Errno) {
      try LoopThread.start {
        var status: Int32 = 0
        _ = baton_reap(pidfd, true, &status)
        baton_close(pidfd)
      }
    } catch {
      // Nobody waits for the child, which stays a zombie until this process ends.
      baton_close(pidfd)
    }
  }
}
