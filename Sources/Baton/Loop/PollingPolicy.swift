internal import CBaton

/// When to look for work before sleeping.
///
/// Looking costs processor time, and pays when what comes next comes sooner than a sleeper is woken.
/// Looks that bring nothing are followed by ever more sleeps without one; one that pays halves them.
/// When giving the processor away took long, somebody else needs it, and looking would cost a whole
/// slice of theirs each time: then there is none for a while, which doubles.
struct PollingPolicy {
  /// Nanoseconds; zero: never.
  private let limit: UInt64
  private var failures = 0
  /// Sleeps still to come without a look, and how many there are the next time.
  private var skips = 0
  private var nextSkips = 1
  private var pausedUntil: UInt64 = 0
  private var pause = Self.shortestPause

  private static let failuresAllowed = 3
  private static let mostSkips = 1024
  /// A yield that takes longer ran somebody else's work.
  private static let longYield: UInt64 = 100_000
  private static let shortestPause: UInt64 = 10_000_000
  private static let longestPause: UInt64 = 1_000_000_000

  init(_ limit: Duration) {
    self.limit = baton_online_processors() > 1 ? UInt64(limit.clampedNanoseconds) : 0
  }

  var isOn: Bool { limit > 0 }

  /// Asked once before each sleep.
  mutating func shouldPoll() -> Bool {
    if !isOn { return false }
    if skips > 0 {
      skips -= 1
      return false
    }
    return pausedUntil == 0 || !isPaused()
  }

  private mutating func isPaused() -> Bool {
    if LoopClock.now < pausedUntil { return true }
    pausedUntil = 0
    return false
  }

  /// The look brought something.
  mutating func paid() {
    failures = 0
    nextSkips = max(nextSkips / 2, 1)
  }

  /// Whether to stop looking; `last` is when the processor was given away.
  mutating func isOver(begin: UInt64, last: UInt64, now: UInt64) -> Bool {
    if now - last > Self.longYield {
      pausedUntil = now + pause
      pause = min(pause * 2, Self.longestPause)
      return true
    }
    if now - begin < limit { return false }
    failures += 1
    if failures >= Self.failuresAllowed {
      skips = nextSkips
      nextSkips = min(nextSkips * 2, Self.mostSkips)
    }
    return true
  }
}
