/// How long to wait before trying again, longer each time (gRPC's connection backoff).
///
/// All delays are nanoseconds.
package struct Backoff: Sendable {
  private let initial: Double
  private let multiplier: Double
  private let jitter: Double
  private let maximum: Double
  private var current: Double

  /// What is out of range is brought into it: a multiplier is at least 1, a jitter 0 to 1, the initial
  /// delay at least a millisecond and the maximum at least the initial delay.
  init(initial: Duration, multiplier: Double, jitter: Double, maximum: Duration) {
    self.initial = Double(max(initial.clampedNanoseconds, 1_000_000))
    self.multiplier = multiplier >= 1 ? multiplier : 1
    self.jitter = jitter >= 0 ? min(jitter, 1) : 0
    self.maximum = max(Double(maximum.clampedNanoseconds), self.initial)
    current = self.initial
  }

  /// The least time from one try to the next.
  package var least: UInt64 { UInt64(initial) }

  /// The next delay. `random` is uniform in -1...1.
  package mutating func next(random: Double = .random(in: -1...1)) -> UInt64 {
    defer { current = min(current * multiplier, maximum) }
    return UInt64(current + current * jitter * random)
  }

  /// A try has succeeded: the next delay is the initial one.
  package mutating func reset() { current = initial }
}
