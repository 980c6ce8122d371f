/// How a ``Connection`` that was lost is made again: at once, and then, as long as that fails, with
/// gRPC's backoff between the beginnings of two attempts.
public struct Reconnection: Sendable, Hashable {
  /// From the first failed attempt to the next, and at least between any two attempts. 1 second by
  /// default, at least a millisecond.
  public var initialDelay: Duration
  /// By what a delay is longer than the one before. 1.6 by default, at least 1.
  public var multiplier: Double
  /// The part of a delay by which it is randomly shorter or longer. 0.2 by default, 0 to 1.
  public var jitter: Double
  /// What a delay grows to, before the jitter. 120 seconds by default.
  public var maximumDelay: Duration

  public init(
    initialDelay: Duration = .seconds(1), multiplier: Double = 1.6, jitter: Double = 0.2,
    maximumDelay: Duration = .seconds(120)
  ) {
    self.initialDelay = initialDelay
    self.multiplier = multiplier
    self.jitter = jitter
    self.maximumDelay = maximumDelay
  }

  package var backoff: Backoff {
    Backoff(
      initial: initialDelay, multiplier: multiplier, jitter: jitter, maximum: maximumDelay)
  }
}
