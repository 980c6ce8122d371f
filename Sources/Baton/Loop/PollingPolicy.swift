internal import CBaton

/// When to look for work before sleeping, and for how long.
///
/// Looking costs processor time, and pays when what comes next comes sooner than a sleeper is woken.
/// Looks that bring nothing are followed by ever more sleeps without one; one that pays halves them.
/// When giving the processor away took long, somebody else needs it, and looking would cost a whole
/// slice of theirs each time: then there is none for a while, which doubles as long as that goes on.
///
/// Two ends that both sleep wake each other, and where that takes longer than a look lasts neither
/// finds out that looking would pay. So after many sleeps one look lasts longer, and where that pays
/// so do the next, until the other end has looked, too, and answers without being woken.
package struct PollingPolicy {
  /// Nanoseconds; zero: never.
  private let limit: UInt64
  private var failures = 0
  /// Sleeps still to come without a look, and how many there are the next time.
  private var skips = 0
  private var nextSkips = 1
  /// Sleeps until a look is a long one, how many there are the next time, and long looks to come.
  private var untilLong = Self.fewestUntilLong
  private var nextUntilLong = Self.fewestUntilLong
  private var longLooks = 0
  private var pausedUntil: UInt64 = 0
  private var pause = Self.shortestPause
  private var paidInARow = 0

  private static let failuresAllowed = 3
  private static let mostSkips = 64
  private static let fewestUntilLong = 64
  private static let mostUntilLong = 4096
  /// How many times as long as others a long look lasts.
  private static let longLook: UInt64 = 4
  /// Long looks behind one that paid: enough for an end that skips as often as it may.
  private static let longLooksMore = mostSkips + 8
  /// A yield that takes longer ran somebody else's work.
  private static let longYield: UInt64 = 100_000
  private static let shortestPause: UInt64 = 10_000_000
  private static let longestPause: UInt64 = 1_000_000_000
  /// So many looks in a row that paid halve the next pause.
  private static let pausePardon = 1024

  package init(_ limit: Duration) {
    self.limit = baton_online_processors() > 1 ? UInt64(limit.clampedNanoseconds) : 0
  }

  package var isOn: Bool { limit > 0 }

  /// Asked once before each sleep. The time is looked at only during a pause.
  package mutating func shouldPoll(now: @autoclosure () -> UInt64 = LoopClock.now) -> Bool {
    if !isOn { return false }
    if pausedUntil != 0 && isPaused(now()) { return false }
    if longLooks > 0 { return true }
    if failures >= Self.failuresAllowed {
      untilLong -= 1
      if untilLong <= 0 {
        longLooks = 1
        return true
      }
    }
    if skips == 0 { return true }
    skips -= 1
    return false
  }

  private mutating func isPaused(_ now: UInt64) -> Bool {
    if now < pausedUntil { return true }
    pausedUntil = 0
    return false
  }

  /// The look that began at `begin` brought something at `now`.
  package mutating func paid(begin: UInt64, now: UInt64) {
    if now - begin > limit {
      // Worth going on only until the other end looks, too.
      longLooks = untilLong <= 0 ? Self.longLooksMore : longLooks - 1
      if untilLong <= 0 || longLooks <= 0 { spaceLongLooks() }
      return
    }
    failures = 0
    skips = 0  // that a long look left
    nextSkips = max(nextSkips / 2, 1)
    longLooks = 0
    nextUntilLong = Self.fewestUntilLong
    untilLong = nextUntilLong
    paidInARow += 1
    if paidInARow == Self.pausePardon {
      paidInARow = 0
      pause = max(pause / 2, Self.shortestPause)
    }
  }

  private mutating func spaceLongLooks() {
    nextUntilLong = min(nextUntilLong * 2, Self.mostUntilLong)
    untilLong = nextUntilLong
  }

  /// Whether to stop looking; `last` is when the processor was given away.
  package mutating func isOver(begin: UInt64, last: UInt64, now: UInt64) -> Bool {
    if now - last > Self.longYield {
      pausedUntil = now + pause
      pause = min(pause * 2, Self.longestPause)
      paidInARow = 0
      return true
    }
    if now - begin < (longLooks > 0 ? limit * Self.longLook : limit) { return false }
    paidInARow = 0
    if longLooks > 0 {
      longLooks = 0
      spaceLongLooks()
      return true
    }
    failures += 1
    if failures >= Self.failuresAllowed {
      skips = nextSkips
      nextSkips = min(nextSkips * 2, Self.mostSkips)
    }
    return true
  }
}
