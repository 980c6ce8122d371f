/// What a ``Route`` knows, and how it changes. It is guarded by the route, and calls nobody.
struct RouteState: ~Copyable {
  private var life: Life
  private var waiting = WaitingCalls()
  /// Links whose server said goodbye, or that are drained, with calls in flight.
  private var leaving: [Link] = []
  /// nil: what is lost is lost.
  private var backoff: Backoff?
  /// When the last attempt began.
  private var lastAttempt: UInt64 = 0
  private var timer: LoopTimer?
  /// Those who wait until the last link has ended.
  private var drains: [OneShot] = []
  /// Whoever waits for the first link of all, which is not tried again.
  private var opening: Opening?
  private(set) var peer: PeerCredentials?
  var observers = ConnectionObservers()

  private enum Life {
    /// The server said goodbye, and nobody has called since.
    case idle
    case connecting(Attempt)
    case ready(Link)
    /// Why the last attempt failed, while the next is waited for or under way.
    case transientFailure(RPCError, Attempt)
    case shutdown(RPCError)
  }

  /// A link that has not said hello; nil before it is made.
  private struct Attempt {
    var link: Link?
  }

  typealias Opening = UnsafeContinuation<ConnectionError?, Never>

  /// What those are to be told who waited, when nobody holds the state any more.
  struct Outcome {
    var opening: Opening?
    var openingError: ConnectionError?
    var calls: [WaitingCall] = []
    var result: Result<ClientCore, RPCError>
    var observers: [AsyncStream<ConnectionState>.Continuation] = []
    var drains: [OneShot] = []

    func tell() {
      opening?.resume(returning: openingError)
      for call in calls { call.resume(result) }
      for observer in observers { observer.finish() }
      for drain in drains { drain.fire() }
    }
  }

  init(_ reconnection: Reconnection?) {
    life = .connecting(Attempt())
    backoff = reconnection?.backoff
  }

  var state: ConnectionState {
    switch life {
    case .idle: .idle
    case .connecting: .connecting
    case .ready: .ready
    case .transientFailure: .transientFailure
    case .shutdown: .shutdown
    }
  }

  var ready: ClientCore? {
    if case .ready(let link) = life { link.core } else { nil }
  }

  private mutating func move(to next: Life) {
    let last = state
    life = next
    if state != last { observers.tell(state) }
  }

  // MARK: Calls

  enum Wait {
    case over(Result<ClientCore, RPCError>)
    case waits
    /// The same, and somebody has to dial.
    case dials
  }

  mutating func wait(_ call: WaitingCall, _ waiter: WaitingCall.Waiter) -> Wait {
    if let refusal = call.refusal { return .over(.failure(refusal)) }
    switch life {
    case .ready(let link): return .over(.success(link.core))
    case .shutdown(let error): return .over(.failure(error))
    case .transientFailure(let error, _) where !call.isPatient: return .over(.failure(error))
    case .connecting, .transientFailure:
      waiting.insert(call, waiter)
      return .waits
    case .idle:
      waiting.insert(call, waiter)
      move(to: .connecting(Attempt()))
      return .dials
    }
  }

  /// Whether the call waited, and is now the caller's to end.
  mutating func giveUp(_ call: WaitingCall, _ error: RPCError) -> Bool {
    if call.refusal == nil { call.refusal = error }
    return waiting.remove(call)
  }

  // MARK: Attempts

  /// When the next attempt may begin; nil when there is to be none, or one is under way.
  func due() -> UInt64? {
    switch life {
    case .connecting(let attempt) where attempt.link == nil:
      lastAttempt &+ (lastAttempt == 0 ? 0 : backoff?.least ?? 0)
    case .transientFailure(_, let attempt) where attempt.link == nil: 0
    default: nil
    }
  }

  /// What begins the next attempt.
  mutating func wait(by timer: LoopTimer) { self.timer = timer }

  /// Whether an attempt is to begin now; its link is told by ``attempts(over:)``.
  mutating func begins(now: UInt64) -> Bool {
    if due() == nil { return false }
    lastAttempt = now
    return true
  }

  /// The first attempt, which ends with `opening` being told.
  mutating func opens(over link: Link, _ opening: Opening) {
    self.opening = opening
    _ = attempts(over: link)
  }

  /// Whether the link is wanted.
  mutating func attempts(over link: Link) -> Bool {
    switch life {
    case .connecting: life = .connecting(Attempt(link: link))
    case .transientFailure(let error, _): life = .transientFailure(error, Attempt(link: link))
    case .idle, .ready, .shutdown: return false
    }
    return true
  }

  private func isAttempt(_ core: ClientCore?) -> Bool {
    switch life {
    case .connecting(let attempt), .transientFailure(_, let attempt): attempt.link?.core === core
    case .idle, .ready, .shutdown: false
    }
  }

  private var attempt: Link? {
    switch life {
    case .connecting(let attempt), .transientFailure(_, let attempt): attempt.link
    case .idle, .ready, .shutdown: nil
    }
  }

  /// An attempt's server said hello. Nil when that is of no interest any more.
  mutating func opened(_ core: ClientCore) -> (Link, Outcome)? {
    guard let link = attempt, link.core === core else { return nil }
    backoff?.reset()
    peer = link.peer
    move(to: .ready(link))
    return (
      link,
      Outcome(opening: opening.take(), calls: waiting.takeAll(), result: .success(core))
    )
  }

  struct Failure {
    /// How long after its beginning the next attempt begins; nil: none does.
    var next: UInt64?
    /// The first of several.
    var isNews: Bool
    /// The link to be ended.
    var link: Link?
    var outcome: Outcome
  }

  /// An attempt failed: that over the link of `core`, or one without a link. Nil when that is of no
  /// interest any more.
  mutating func failed(_ core: ClientCore?, _ reason: ConnectionError) -> Failure? {
    guard isAttempt(core) else { return nil }
    let link = attempt
    let error = RPCError(lost: reason)
    if let waiter = opening.take() {
      var outcome = shutDown(error)
      (outcome.opening, outcome.openingError) = (waiter, reason)
      return Failure(isNews: true, link: link, outcome: outcome)
    }
    guard let delay = backoff?.next() else {
      return Failure(isNews: true, link: link, outcome: shutDown(error))
    }
    let isNews = state != .transientFailure
    move(to: .transientFailure(error, Attempt()))
    return Failure(
      next: lastAttempt &+ delay, isNews: isNews, link: link,
      outcome: Outcome(calls: waiting.takeImpatient(), result: .failure(error)))
  }

  // MARK: Ends

  /// The server of the link that is ready takes no more calls. Nil when it was another's.
  mutating func left(_ core: ClientCore, _ error: RPCError) -> Outcome? {
    guard case .ready(let link) = life, link.core === core else { return nil }
    leaving.append(link)
    guard backoff != nil else { return shutDown(error) }
    move(to: .idle)
    return Outcome(result: .failure(error))
  }

  enum Loss {
    /// Nothing came of an attempt.
    case attempt
    /// Another is to be made.
    case dials
    case over(Outcome)
  }

  /// A link has ended.
  mutating func lost(_ core: ClientCore, _ reason: ConnectionError) -> Loss {
    let error = RPCError(lost: reason)
    if case .ready(let link) = life, link.core === core {
      guard backoff != nil else { return .over(shutDown(error)) }
      move(to: .connecting(Attempt()))
      return .dials
    }
    if isAttempt(core) { return .attempt }
    leaving.removeAll { $0.core === core }
    var outcome = Outcome(result: .failure(error))
    if leaving.isEmpty { swap(&outcome.drains, &drains) }
    return .over(outcome)
  }

  /// No more calls are made.
  mutating func shutDown(_ error: RPCError) -> Outcome {
    timer?.cancel()
    move(to: .shutdown(error))
    var outcome = Outcome(calls: waiting.takeAll(), result: .failure(error))
    outcome.observers = observers.takeAll()
    return outcome
  }

  /// The same for good. Gives out the links that are to be ended.
  mutating func close(_ error: RPCError) -> ([Link], Outcome) {
    var links = leaving
    if let attempt { links.append(attempt) }
    if case .ready(let link) = life { links.append(link) }
    return (links, shutDown(error))
  }

  /// The same, but for calls in flight. Gives out the links that are to be told, and the attempt that
  /// is to be ended; `drain` is fired when the links have ended, if there are any.
  mutating func drain(
    _ error: RPCError, _ drain: OneShot
  ) -> (links: [Link], attempt: Link?, Outcome) {
    let attempt = attempt
    if case .ready(let link) = life { leaving.append(link) }
    var outcome = shutDown(error)
    if leaving.isEmpty { outcome.drains = [drain] } else { drains.append(drain) }
    return (leaving, attempt, outcome)
  }
}
