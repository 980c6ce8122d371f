internal import CBaton
import Glibc
import Synchronization
internal import SystemPackage

/// The state and the turns of an ``EventLoop``.
///
/// Sendable because everything but `inbox`, `hasMail` and `asleep` is touched on the loop's own
/// thread alone, and those three are made for other threads. What that thread touches in every turn
/// is not checked for overlapping accesses while running: each is over before anything else is
/// called.
final class LoopCore: @unchecked Sendable {
  let poller: Poller
  let receiveBuffer: UnsafeMutableRawBufferPointer
  let spare = LoopSpare()
  /// The source that data came for last.
  @exclusivity(unchecked) var hot: (any LoopSource)?
  @exclusivity(unchecked) private var polling: PollingPolicy
  /// Looks at one source alone that paid since the others were asked.
  @exclusivity(unchecked) private var paidLooks = 0
  @exclusivity(unchecked) private var jobs: [UnownedJob] = []
  @exclusivity(unchecked) private var running: [UnownedJob] = []
  /// Nothing else of what was there when the turn's work began is still to be done, but jobs that
  /// came meanwhile.
  @exclusivity(unchecked) var isLastToRun = false
  @exclusivity(unchecked) private var toFlush: [any LoopSource] = []
  @exclusivity(unchecked) private var flushing: [any LoopSource] = []
  @exclusivity(unchecked) private var timers = TimerHeap()
  @exclusivity(unchecked) private var isStopping = false

  private struct Inbox {
    var jobs: [UnownedJob] = []
    var bodies: [@Sendable () -> Void] = []
    var timers: [LoopTimer] = []
    var isStopped = false
    /// The thread has ended: nobody reads the inbox any more.
    var isClosed = false
  }
  private let inbox = Mutex(Inbox())
  /// Whether there is something in the inbox.
  private let hasMail = Atomic(false)
  private let asleep = Atomic(false)

  private static let looksPerRound = 8
  /// The largest packet a default socket sends, and then some.
  static let receiveCapacity = 256 * 1024

  init(_ options: EventLoopOptions) throws(Errno) {
    poller = try Poller()
    polling = PollingPolicy(options.polling)
    receiveBuffer = .allocate(byteCount: Self.receiveCapacity, alignment: 16)
  }

  deinit { receiveBuffer.deallocate() }

  /// Runs the loop on a thread of its own, which keeps this object and `loop` until it is stopped.
  func start(_ loop: EventLoop) throws(Errno) {
    try LoopThread.start { [self] in
      baton_set_thread_loop(Unmanaged.passUnretained(self).toOpaque())
      run(on: loop.asUnownedTaskExecutor())
      baton_set_thread_loop(nil)
      withExtendedLifetime(loop) {}
    }
  }

  var isCurrent: Bool { baton_thread_loop() == Unmanaged.passUnretained(self).toOpaque() }

  // MARK: From any thread

  func enqueue(_ job: UnownedJob) {
    if isCurrent {
      jobs.append(job)
    } else if !post({ $0.jobs.append(job) }) {
      // A task that outlives its loop goes on where tasks without one run.
      globalConcurrentExecutor.enqueue(job)
    }
  }

  /// Runs `body` on the loop, or here when the loop has ended.
  func submit(_ body: @escaping @Sendable () -> Void) {
    if !post({ $0.bodies.append(body) }) { body() }
  }

  func add(_ timer: LoopTimer) {
    if isCurrent {
      insert(timer)
    } else if !post({ $0.timers.append(timer) }) {
      timer.drop()
    }
  }

  func stop() {
    _ = post { $0.isStopped = true }
  }

  /// False when the loop has ended.
  private func post(_ change: (inout sending Inbox) -> Void) -> Bool {
    let isOpen = inbox.withLock { inbox in
      if inbox.isClosed { return false }
      change(&inbox)
      return true
    }
    guard isOpen else { return false }
    hasMail.store(true, ordering: .sequentiallyConsistent)
    // Only who finds the loop asleep pays for waking it.
    if asleep.exchange(false, ordering: .sequentiallyConsistent) { poller.wake() }
    return true
  }

  // MARK: On the loop's thread

  func flushLater(_ source: any LoopSource) {
    toFlush.append(source)
  }

  private func run(on executor: UnownedTaskExecutor) {
    while true {
      if hasMail.load(ordering: .relaxed) { readMail() }
      // What is to be flushed refers to this loop: it must not be left behind.
      if isStopping && jobs.isEmpty && toFlush.isEmpty && close() { return }
      runJobs(on: executor)
      if !timers.isEmpty { for timer in timers.takeDue() { timer.fire() } }
      flushAll()
      if jobs.isEmpty && toFlush.isEmpty { wait() } else { _ = poller.dispatch(waiting: 0) }
    }
  }

  /// Ends the inbox, unless something came in last.
  private func close() -> Bool {
    inbox.withLock { inbox in
      inbox.isClosed = inbox.jobs.isEmpty && inbox.bodies.isEmpty && inbox.timers.isEmpty
      return inbox.isClosed
    }
  }

  private func readMail() {
    hasMail.store(false, ordering: .sequentiallyConsistent)
    let mail = inbox.withLock { inbox in
      let mail = inbox
      inbox = Inbox(isStopped: inbox.isStopped)
      return mail
    }
    jobs += mail.jobs
    for timer in mail.timers { insert(timer) }
    for body in mail.bodies { body() }
    if mail.isStopped && !isStopping {
      isStopping = true
      hot = nil
      poller.endAll()
      for timer in timers.takeAll() { timer.drop() }
    }
  }

  private func insert(_ timer: LoopTimer) {
    if isStopping { timer.drop() } else { timers.insert(timer) }
  }

  private func runJobs(on executor: UnownedTaskExecutor) {
    // Jobs that jobs add run in the same turn while it is short, so that their frames leave together.
    var rounds = 0
    while !jobs.isEmpty && rounds < 16 {
      rounds += 1
      swap(&jobs, &running)
      for index in running.indices {
        isLastToRun = index == running.count - 1
        running[index].runSynchronously(on: executor)
      }
      isLastToRun = false
      running.removeAll(keepingCapacity: true)
    }
  }

  /// Whether what runs is the last that is likely to send something in this turn. True once for each.
  func takeLastWord() -> Bool {
    guard isLastToRun, jobs.isEmpty else { return false }
    isLastToRun = false
    return true
  }

  private func flushAll() {
    if toFlush.isEmpty { return }
    // What is left for the next turn is added meanwhile.
    swap(&toFlush, &flushing)
    while let source = flushing.popLast() { source.flush() }
  }

  private func wait() {
    if isStopping { return }
    if polling.isOn, let hot, hot.expectsData, polling.shouldPoll() {
      // A source that always has something would keep the loop from the others.
      if paidLooks == Self.looksPerRound {
        paidLooks = 0
        if poller.dispatch(waiting: 0) > 0 { return }
      }
      if poll(hot) {
        paidLooks += 1
        return
      }
    }
    paidLooks = 0
    asleep.store(true, ordering: .sequentiallyConsistent)
    let hasMail = hasMail.load(ordering: .sequentiallyConsistent)
    _ = poller.dispatch(waiting: hasMail ? 0 : timers.nanosecondsLeft()) {
      asleep.store(false, ordering: .sequentiallyConsistent)
    }
  }

  /// Looks for work for a moment: at the source that was busy last each time, as asking epoll costs
  /// three times as much, and at all of them now and then. Whether some came.
  private func poll(_ source: any LoopSource) -> Bool {
    let begin = LoopClock.now
    var last = begin
    var looks = 0
    while true {
      if source.poll() || hasMail.load(ordering: .relaxed) || !toFlush.isEmpty {
        polling.paid(begin: begin, now: LoopClock.now)
        return true
      }
      looks += 1
      if looks % Self.looksPerRound == 0 && poller.dispatch(waiting: 0) > 0 { return true }
      baton_yield()
      let now = LoopClock.now
      if polling.isOver(begin: begin, last: last, now: now) { return false }
      last = now
    }
  }
}
