import Baton
import Glibc
import Synchronization

/// Ends the command when SIGINT or SIGTERM asks for it; and when its time is over while it does what
/// no task's cancellation ends, such as opening a FIFO.
///
/// The server that it started ends with it: it is given time, and then ended.
final class Watch: Sendable {
  /// When the time of `--timeout` is over, which runs from the command's start. nil without a limit.
  let deadline: ContinuousClock.Instant?
  private let timeout: Duration?
  private let state = Mutex(State())

  private struct State {
    var isOver = false
    var isDone = false
    /// What is being done that cannot be cancelled, as what could not be done.
    var step: String?
    /// Whether the server ended the call, which is not over for that.
    var isAnswered: (@Sendable () -> Bool)?
    var endServer: (@Sendable () -> Void)?
    /// The command of `--exec`, run for one reply of a stream after the other.
    var command: ExecChild?
  }

  /// A watch without anybody who watches.
  init(_ timeout: Duration?) {
    self.timeout = timeout
    deadline = timeout.map { .now + $0 }
  }

  /// Runs `body` while a thread of its own watches. Once in a process.
  static func run(
    _ timeout: Duration?, _ body: (Watch) async throws -> Void
  ) async throws {
    let watch = Watch(timeout)
    let interrupt = try Interrupt()
    let loop = try EventLoop(options: EventLoopOptions(polling: .zero))
    defer { loop.shutdown() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask(executorPreference: loop) {
        try await watch.signalled(try await interrupt.wait(on: loop))
      }
      if let deadline = watch.deadline {
        group.addTask(executorPreference: loop) {
          try await Task.sleep(until: deadline, clock: .continuous)
          try await watch.timeIsOver()
        }
      }
      defer { group.cancelAll() }
      try await body(watch)
    }
  }

  // MARK: What is watched

  /// The time that is left, nil without a limit.
  func rest() throws(RPCError) -> Duration? {
    guard let deadline, let timeout else { return nil }
    let rest = ContinuousClock.now.duration(to: deadline)
    if rest <= .zero { throw RPCError(.deadlineExceeded, "no answer within \(timeout)") }
    return rest
  }

  /// How the server is ended that the command started.
  func endsServer(by end: @escaping @Sendable () -> Void) {
    state.withLock { $0.endServer = end }
  }

  /// How it is known that the server ended the call: what it did in time is dealt with however long
  /// that takes.
  func isAnswered(when isAnswered: @escaping @Sendable () -> Bool) {
    state.withLock { $0.isAnswered = isAnswered }
  }

  func runs(_ command: ExecChild) {
    state.withLock { $0.command = command }
  }

  /// Does what may wait without end. When the time is over, the process ends; the error begins with
  /// `failure`, as in `cannot open "fifo"`.
  func during<Result, Fault: Error>(
    _ failure: String, _ body: () throws(Fault) -> Result
  ) throws(Fault) -> Result {
    let isOver = state.withLock { state in
      if !state.isDone { state.step = failure }
      return state.isOver && !state.isDone
    }
    if isOver { end(late(failure)) }
    defer { state.withLock { $0.step = nil } }
    return try body()
  }

  /// The call is over, whatever is still being done for it.
  func isDone() {
    state.withLock { state in
      state.step = nil
      state.isDone = true
    }
  }

  // MARK: Ends

  private func signalled(_ signal: Int32) async throws {
    // A command that runs is waited for, which ends this one, too.
    if try await endCommand(.interrupted(by: signal)) { return }
    end(.interrupted(by: signal))
  }

  private func timeIsOver() async throws {
    if let isAnswered = state.withLock({ $0.isAnswered }), isAnswered() { return isDone() }
    let step = state.withLock { state in
      state.isOver = true
      return state.step
    }
    if let step { end(late(step)) }
    _ = try await endCommand(Failure(RPCError(.deadlineExceeded, "the call's deadline passed")))
  }

  /// Why the time was over, where that is a step which is not.
  var lateness: Failure? { state.withLock { $0.step }.map(late) }

  /// Whether the time is over, which the watch itself may not know yet.
  var hasPassed: Bool { deadline.map { $0 <= .now } ?? false }

  func late(_ step: String) -> Failure {
    let time = timeout.map { "\($0)" } ?? "the time"
    return Failure(RPCError(.deadlineExceeded, "\(step) within \(time) (--timeout)"))
  }

  /// Ends the command of `--exec`, if one runs, and has no other start. Whether one ran.
  private func endCommand(_ reason: Failure) async throws -> Bool {
    guard let command = state.withLock({ $0.command }), command.end(with: SIGTERM, reason) else {
      return false
    }
    try await Task.sleep(for: .seconds(1))
    _ = command.end(with: SIGKILL, reason)
    return true
  }

  private func end(_ reason: Failure) -> Never {
    state.withLock { $0.endServer }?()
    Diagnostics.end(reason)
  }
}
