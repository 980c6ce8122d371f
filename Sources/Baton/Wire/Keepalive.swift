/// When to ask a silent peer whether it is there, and when to give it up. Times are the loop's
/// clock's, in nanoseconds.
struct Keepalive {
  /// Silence after which the peer is asked, and how long it may take to answer.
  private let interval: UInt64
  private let patience: UInt64
  private var lastHeard: UInt64
  private var isAsked = false

  /// No sooner than that it is looked at again.
  private static let shortestStep: UInt64 = 1_000_000

  enum Step: Equatable {
    /// Look again at that time.
    case wait(until: UInt64)
    /// Ask the peer, then the same.
    case ask(then: UInt64)
    /// It did not answer in time.
    case giveUp
  }

  init(interval: UInt64, patience: UInt64, now: UInt64) {
    self.interval = interval
    self.patience = patience
    lastHeard = now
  }

  /// Something came from the peer, or it need not say anything.
  mutating func heard(now: UInt64) {
    lastHeard = now
    isAsked = false
  }

  mutating func check(now: UInt64) -> Step {
    let silence = now - min(lastHeard, now)
    if silence < interval { return .wait(until: later(lastHeard &+ interval, now)) }
    if isAsked && silence >= interval &+ patience { return .giveUp }
    let next = later(lastHeard &+ interval &+ patience, now)
    if isAsked { return .wait(until: next) }
    isAsked = true
    return .ask(then: next)
  }

  private func later(_ time: UInt64, _ now: UInt64) -> UInt64 {
    max(time, now &+ Self.shortestStep)
  }
}
