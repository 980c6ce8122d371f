/// When to ask a silent peer whether it is there, and when to give it up. Times are the loop's
/// clock's, in nanoseconds.
package struct Keepalive {
  /// Silence after which the peer is asked, and how long it may take to answer.
  private let interval: UInt64
  private let patience: UInt64
  private var lastHeard: UInt64
  /// When it was asked what it has not answered.
  private var asked: UInt64?

  /// No sooner than that it is looked at again.
  private static let shortestStep: UInt64 = 1_000_000

  package enum Step: Equatable {
    /// Look again at that time.
    case wait(until: UInt64)
    /// Ask the peer, then the same.
    case ask(then: UInt64)
    /// It did not answer in time.
    case giveUp
  }

  package init(interval: UInt64, patience: UInt64, now: UInt64) {
    self.interval = interval
    self.patience = patience
    lastHeard = now
  }

  /// Something came from the peer, or it need not say anything.
  package mutating func heard(now: UInt64) {
    lastHeard = now
    asked = nil
  }

  package mutating func check(now: UInt64) -> Step {
    let silence = now - min(lastHeard, now)
    if silence < interval { return .wait(until: later(lastHeard &+ interval, now)) }
    let begin = asked ?? now
    let end = begin &+ patience
    if now >= end && asked != nil { return .giveUp }
    let next = later(min(end, now &+ interval), now)
    if asked != nil { return .wait(until: next) }
    asked = now
    return .ask(then: next)
  }

  private func later(_ time: UInt64, _ now: UInt64) -> UInt64 {
    max(time, now &+ Self.shortestStep)
  }
}
