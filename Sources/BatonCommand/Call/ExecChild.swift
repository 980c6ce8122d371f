import BatonMessages
import Glibc
import Synchronization
import SystemPackage

/// Runs the command of `--exec` for one reply of a stream after the other.
final class ExecChild: Sendable {
  private let state = Mutex(State())

  private struct State {
    var process: pid_t?
    /// Why no other is started.
    var end: Failure?
  }

  /// Runs the command and waits for its end. Returns its exit status.
  func run(_ output: ExecOutput, hidesInput: Bool) throws(Failure) -> Int32 {
    let started: Result<pid_t, Failure> = state.withLock { state in
      if let end = state.end { return .failure(end) }
      do throws(Failure) {
        let process = try output.spawn(hidesInput: hidesInput)
        state.process = process
        return .success(process)
      } catch {
        return .failure(error)
      }
    }
    let status = wait(for: try started.get())
    if let end = state.withLock({ $0.end }) { throw end }
    return status
  }

  /// Sends the command a signal that is to end it; whether there was one. No other is started.
  func end(with signal: Int32, _ reason: Failure) -> Bool {
    state.withLock { state in
      if state.end == nil { state.end = reason }
      guard let process = state.process else { return false }
      kill(process, signal)
      return true
    }
  }

  /// Its number is another process's as soon as its status is taken, so that is done in the lock.
  private func wait(for process: pid_t) -> Int32 {
    var end = siginfo_t()
    while waitid(P_PID, id_t(process), &end, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
    return state.withLock { state in
      state.process = nil
      return ChildStatus.take(process)
    }
  }
}

/// How a child ended, as a shell tells it.
enum ChildStatus {
  /// Waits for the child (waitpid(2)). Its exit status, or 128 and the signal's number.
  static func take(_ child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      if errno != EINTR { return 127 }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
