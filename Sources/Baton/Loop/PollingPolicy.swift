internal import CBaton

/// When a loop looks for work before it sleeps.
///
/// Looking costs processor time, and pays when what comes next comes sooner than a sleeper is woken.
/// So a loop looks only while it found something soon: each of the last waits says what looking
/// would have brought. When giving the processor away took long, somebody else needs it: no looking
/// for a while, which doubles each time.
struct PollingPolicy {
  private let limit: UInt64
  /// Looks in a row that brought nothing.
  private var failures = 0
  private var pausedUntil: UInt64 = 0
  private var pause = Self.shortestPause

  private static let failuresAllowed = 3
  /// A wait this much longer than the limit would still have been cut short by looking, as waking
  /// up is part of it.
  private static let wakeUp: UInt64 = 15_000
  /// A yield that takes longer ran somebody else's work.
  private static let longYield: UInt64 = 100_000
  private static let shortestPause: UInt64 = 50_000_000
  private static let longestPause: UInt64 = 3_200_000_000

  init(_ limit: Duration) {
    self.limit = baton_processors() > 1 ? UInt64(limit.clampedNanoseconds) : 0
  }

  var shouldPoll: Bool { limit > 0 && failures < Self.failuresAllowed }

  /// The look brought something.
  mutating func paid() {
    failures = 0
  }

  /// Whether to stop looking; `last` is when the processor was given away.
  mutating func isOver(begin: UInt64, last: UInt64, now: UInt64) -> Bool {
    if now - last > Self.longYield {
      pausedUntil = now + pause
      pause = min(pause * 2, Self.longestPause)
      failures = Self.failuresAllowed
      return true
    }
    if now - begin < limit { return false }
    failures += 1
    return true
  }

  /// The loop slept, without looking or after it.
  mutating func slept(from begin: UInt64, until end: UInt64) {
    if limit == 0 || end < pausedUntil { return }
    if end - begin < limit + Self.wakeUp {
      if failures >= Self.failuresAllowed { failures = Self.failuresAllowed - 1 }
    }
  }
}
