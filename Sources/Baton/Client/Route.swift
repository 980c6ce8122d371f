import Logging
import Synchronization

/// Where the calls of a ``Connection`` go: over the link that is ready. Makes another when that is
/// lost, if the options say so.
@usableFromInline
package final class Route: Sendable {
  let loop: EventLoop
  /// nil where the link is somebody else's.
  private let dialer: LinkDialer?
  let logger: Logger
  let retry: RetryPolicy
  /// What this end takes of a stream of replies before it grants more.
  private let window: StreamCredit
  private let metrics: CallMetrics?
  private let current: Mutex<RouteState>

  /// A route whose first link is to be opened by ``open(_:)``.
  init(_ dialer: LinkDialer, _ options: ConnectionOptions) {
    loop = dialer.loop
    metrics = dialer.metrics
    window = options.channelLimits.window
    logger = options.logger
    retry = options.retry
    self.dialer = dialer
    current = Mutex(RouteState(dialer.address == nil ? nil : options.reconnection))
  }

  /// A route that is to be told its link by ``lend(_:)``, which is somebody else's.
  init(lentBy channel: Channel, _ logger: Logger, _ metrics: CallMetrics?) {
    loop = channel.loop
    dialer = nil
    window = channel.ownWindow
    self.logger = logger
    // What becomes of the peer is for its handler to see.
    retry = RetryPolicy(maxAttempts: 1)
    self.metrics = metrics
    current = Mutex(RouteState(nil))
  }

  func lend(_ link: Link) {
    current.withLock { current in
      _ = current.attempts(over: link)
      _ = current.opened(link.core)
    }
  }

  var state: ConnectionState { current.withLock { $0.state } }

  /// Who is at the other end, or was when there was one.
  var peer: PeerCredentials? { current.withLock { $0.peer } }

  /// How many watch the state.
  package var observerCount: Int { current.withLock { $0.observers.count } }

  /// Tells the present state, and those that follow.
  func observe(_ observer: AsyncStream<ConnectionState>.Continuation) {
    let number: UInt64? = current.withLock { current in
      observer.yield(current.state)
      return current.state == .shutdown ? nil : current.observers.add(observer)
    }
    guard let number else { return observer.finish() }
    observer.onTermination = { [weak self] _ in
      self?.current.withLock { $0.observers.remove(number) }
    }
  }

  // MARK: Calls

  /// A call whose replies are a stream, which `read` reads and delivers. It is to be begun.
  @usableFromInline
  func makeStreamCall(_ read: @escaping IncomingStream.Read) -> StreamCall {
    StreamCall(window, read)
  }

  /// Where calls go now; nil where they have to wait, or fail.
  @usableFromInline
  var ready: ClientCore? { current.withLock { $0.ready } }

  /// Where a call goes. It waits for a link that is being made, and where it asks to as long as
  /// attempts fail; its deadline and its task's cancellation end that.
  @usableFromInline
  nonisolated(nonsending) func core(
    for method: MethodIdentity, _ options: CallOptions
  ) async throws(RPCError) -> ClientCore {
    if let ready { return ready }
    let begin = LoopClock.now
    let call = WaitingCall(isPatient: options.waitForReady)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { wait(call, $0, until: options.deadline) }
    } onCancel: {
      giveUp(call, ClientCore.callerCancelled)
    }
    if case .failure(let error) = result, let metrics {
      ObservedCall(metrics.called(method), since: begin).ended(error)
    }
    return try result.get()
  }

  private func wait(_ call: WaitingCall, _ waiter: WaitingCall.Waiter, until deadline: UInt64?) {
    if let deadline {
      call.timer = loop.schedule(at: deadline) { [weak self] in
        self?.giveUp(call, RPCError(.deadlineExceeded, "no connection before the call's deadline"))
      }
    }
    switch current.withLock({ $0.wait(call, waiter) }) {
    case .waits: break
    case .dials: loop.execute { self.dialWhenDue() }
    case .over(let result):
      call.timer?.cancel()
      waiter.resume(returning: result)
    }
  }

  private func giveUp(_ call: WaitingCall, _ error: RPCError) {
    if current.withLock({ $0.giveUp(call, error) }) { call.resume(.failure(error)) }
  }

  // MARK: Links

  /// Opens the first link, which is not tried again, and waits for its server's hello. Why there was
  /// none; nil when it came.
  func open(_ link: Link) async -> ConnectionError? {
    await withUnsafeContinuation { waiter in
      current.withLock { $0.opens(over: link, waiter) }
      loop.execute { link.start() }
    }
  }

  /// Makes a link as soon as that may be. On the loop's thread.
  private func dialWhenDue() {
    guard let due = current.withLock({ $0.due() }) else { return }
    if LoopClock.now >= due { dial() } else { dial(at: due) }
  }

  private func dial(at time: UInt64) {
    let timer = loop.schedule(at: time) { [weak self] in
      self?.dial()
    } dropped: { [weak self] in
      self?.close(ConnectionError(.closed, "the event loop was shut down"))
    }
    current.withLock { $0.wait(by: timer) }
  }

  private func dial() {
    guard let dialer, current.withLock({ $0.begins(now: LoopClock.now) }) else { return }
    do throws(ConnectionError) {
      let link = try dialer.dial(for: self)
      if current.withLock({ $0.attempts(over: link) }) { link.start() }
    } catch {
      failed(nil, error)
    }
  }

  /// An attempt failed: that over the link of `core`, or one without a link.
  private func failed(_ core: ClientCore?, _ error: ConnectionError) {
    guard let failure = current.withLock({ $0.failed(core, error) }) else { return }
    failure.link?.close(error)
    failure.outcome.tell()
    guard let next = failure.next else { return }
    logger.log(
      level: failure.isNews ? .notice : .debug, "cannot connect again",
      metadata: ["reason": "\(error)"])
    dial(at: next)
  }

  /// Ends every link, and fails every call.
  func close(_ error: ConnectionError) {
    let (links, outcome) = current.withLock { $0.close(RPCError(lost: error)) }
    for link in links { link.close(error) }
    outcome.tell()
  }

  /// Makes no more calls, and waits until those in flight are over. They fail when `timeout` has
  /// passed or the task is cancelled.
  func drain(within timeout: Duration) async {
    let closed = ConnectionError(.closed, "the connection was closed by this end")
    let drained = OneShot()
    let (links, attempt, outcome) = current.withLock { $0.drain(RPCError(lost: closed), drained) }
    attempt?.close(closed)
    for link in links { link.leave(RPCError(lost: closed)) }
    outcome.tell()
    let close: @Sendable () -> Void = { for link in links { link.close(closed) } }
    let timer = loop.schedule(
      at: LoopClock.now &+ UInt64(timeout.clampedNanoseconds), close, dropped: close)
    await withTaskCancellationHandler {
      await drained.wait()
    } onCancel: {
      close()
    }
    timer.cancel()
  }
}

extension Route: LinkOwner {
  func opened(_ core: ClientCore) {
    guard let (link, outcome) = current.withLock({ $0.opened(core) }) else { return }
    if let dialer { link.logger.debug("connected to \(dialer.name)") }
    outcome.tell()
  }

  func leaving(_ core: ClientCore, _ error: RPCError, _ reason: ConnectionError) {
    if let outcome = current.withLock({ $0.left(core, error) }) {
      outcome.tell()
    } else {
      failed(core, reason)
    }
  }

  func ended(_ core: ClientCore, _ error: ConnectionError) {
    switch current.withLock({ $0.lost(core, error) }) {
    case .attempt: failed(core, error)
    case .dials: dialWhenDue()
    case .over(let outcome): outcome.tell()
    }
  }
}

extension RPCError {
  /// A call that was not begun, as there is no connection.
  init(lost error: ConnectionError) {
    self.init(.unavailable, error.description, wasNotBegun: true)
  }
}
