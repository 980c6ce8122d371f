internal import CBaton
public import SystemPackage

/// A thread that waits for sockets and runs tasks: the executor of the handlers and callers that
/// live on its connections.
///
/// A task that prefers a loop (`withTaskExecutorPreference`) calls over that loop's connections
/// without changing threads. A job must not block the loop; work that blocks belongs elsewhere.
/// Loops are made and passed in; whoever makes one calls ``shutdown()``.
public final class EventLoop: TaskExecutor {
  private let core: LoopCore

  /// Starts the thread.
  public init(options: EventLoopOptions = EventLoopOptions()) throws(Errno) {
    core = try LoopCore(options)
    try core.start(self)
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    core.enqueue(UnownedJob(job))
  }

  /// Ends the thread once its jobs have run. Connections on the loop are lost.
  public func shutdown() {
    core.stop()
  }

  /// Whether the caller runs on this loop's thread.
  var isCurrent: Bool { core.isCurrent }

  /// Runs `body` on the loop's thread: at once when the caller is on it.
  func execute(_ body: @escaping @Sendable () -> Void) {
    if core.isCurrent { body() } else { core.submit(body) }
  }

  /// Watches `number` for `source`, which is kept alive until it is removed. On the loop's thread.
  func add(_ source: any LoopSource, _ number: Int32) throws(Errno) {
    try core.poller.add(source, number)
  }
  func change(_ source: any LoopSource, _ number: Int32, readable: Bool, writable: Bool) {
    core.poller.change(source, number, readable: readable, writable: writable)
  }
  func remove(_ source: any LoopSource, _ number: Int32) {
    if core.hot === source { core.hot = nil }
    core.poller.remove(source, number)
  }

  /// Calls `source.flush()` when the turn's jobs have run, so that what they send leaves together.
  /// On the loop's thread.
  func flushLater(_ source: any LoopSource) {
    core.flushLater(source)
  }

  /// Tells whether what runs now is the last frame of a packet, behind which only jobs are to run. On
  /// the loop's thread.
  func runs(last: Bool) { core.isLastToRun = last }

  /// Whether what is sent now need not wait for the end of the turn, as nothing else is there to send
  /// more: true once for a job, or a frame. On the loop's thread.
  func takeLastWord() -> Bool { core.takeLastWord() }

  /// Names the source that data came for, which polling looks at first. On the loop's thread.
  func touched(_ source: any LoopSource) {
    core.hot = source
  }

  /// Memory to receive a packet into. On the loop's thread, until the next packet.
  var receiveBuffer: UnsafeMutableRawBufferPointer { core.receiveBuffer }

  /// For the very long fields that are received on the loop's thread.
  var spare: LoopSpare { core.spare }

  /// Runs `body` on the loop's thread at `deadline` (``LoopClock/now``), unless cancelled; or `dropped`
  /// when the loop ends before, or has.
  func schedule(
    at deadline: UInt64, _ body: @escaping LoopTimer.Body,
    dropped: @escaping LoopTimer.Body = {}
  ) -> LoopTimer {
    let timer = LoopTimer(deadline: deadline, body: body, dropped: dropped)
    core.add(timer)
    return timer
  }
}

/// How a loop waits.
public struct EventLoopOptions: Sendable {
  /// How long a loop polls, giving the processor away between looks (sched_yield(2)), before it
  /// sleeps. It polls only after work, only while that pays, and not at all on a single processor.
  /// Zero turns polling off. 50 microseconds by default.
  public var polling: Duration

  public init(polling: Duration = .microseconds(50)) {
    self.polling = polling
  }
}

/// Something that a loop watches. Every method is called on the loop's thread.
protocol LoopSource: AnyObject, Sendable {
  func readable()
  func writable()
  /// Sends what waits.
  func flush()
  /// Looks for data without being told that there is some; whether there was.
  func poll() -> Bool
  /// Whether something is likely to come soon, so that polling may pay.
  var expectsData: Bool { get }
  /// The loop ends, and nothing more is called.
  func loopEnded()
}

extension LoopSource {
  func writable() {}
  func flush() {}
  func poll() -> Bool { false }
  var expectsData: Bool { false }
}

/// The clock of deadlines: CLOCK_MONOTONIC in nanoseconds.
package enum LoopClock {
  package static var now: UInt64 { baton_now() }
}
