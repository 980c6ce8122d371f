/// Which unary calls that fail with UNAVAILABLE are made again, and when: gRPC's retry policy.
///
/// A call that is known not to have reached a handler (``RPCError/wasNotBegun``) is made again at
/// once, whatever its method. One that may have is made again only where the schema says that this does
/// no harm (`idempotency_level` is `IDEMPOTENT` or `NO_SIDE_EFFECTS`), with a delay. Never made again is
/// one whose descriptors have left: what the other end did with an open file cannot be undone.
///
/// All attempts together are bound by the call's deadline, which is not waited for in vain.
public struct RetryPolicy: Sendable, Hashable {
  /// How often a call is made at most, the first time included; 1: never again. 4 by default.
  public var maxAttempts: Int
  /// From the first failure to the second attempt, a fifth more or less by chance. 100 milliseconds
  /// by default, at least 1.
  public var initialBackoff: Duration
  /// What a delay grows to, but for that fifth. 1 second by default.
  public var maxBackoff: Duration
  /// By what a delay is longer than the one before. 2 by default, at least 1.
  public var backoffMultiplier: Double

  public init(
    maxAttempts: Int = 4, initialBackoff: Duration = .milliseconds(100),
    maxBackoff: Duration = .seconds(1), backoffMultiplier: Double = 2
  ) {
    self.maxAttempts = maxAttempts
    self.initialBackoff = initialBackoff
    self.maxBackoff = maxBackoff
    self.backoffMultiplier = backoffMultiplier
  }
}

/// A call whose first attempt failed.
@usableFromInline
struct FailedCall {
  let method: MethodIdentity
  let isIdempotent: Bool
  let hasDescriptors: Bool
  private(set) var error: RPCError
  /// Whether there was a connection to make it over.
  private(set) var wasRouted: Bool

  @usableFromInline
  init(
    _ method: MethodIdentity, isIdempotent: Bool, hasDescriptors: Bool, _ error: RPCError,
    wasRouted: Bool
  ) {
    self.method = method
    self.isIdempotent = isIdempotent
    self.hasDescriptors = hasDescriptors
    self.error = error
    self.wasRouted = wasRouted
  }

  /// The next attempt failed, too.
  mutating func failed(_ error: RPCError, wasRouted: Bool) {
    self.error = error
    self.wasRouted = wasRouted
  }

  /// Whether it never left, or was not begun and leaves nothing behind.
  fileprivate var isUntouched: Bool {
    error.wasNotBegun && !(hasDescriptors && error.mayHaveLeft)
  }

  /// Whether beginning it twice does no harm.
  fileprivate var isHarmless: Bool { isIdempotent && (!hasDescriptors || isUntouched) }
}

/// The attempts of one call.
struct Tries {
  private var left: Int
  private var backoff: Backoff

  /// One was made.
  init(_ policy: RetryPolicy) {
    left = policy.maxAttempts - 1
    backoff = Backoff(
      initial: policy.initialBackoff, multiplier: policy.backoffMultiplier, jitter: 0.2,
      maximum: policy.maxBackoff)
  }

  /// Nanoseconds to wait before the next; nil when there is to be none.
  mutating func delay(after call: FailedCall) -> UInt64? {
    guard call.error.code == .unavailable, left > 0 else { return nil }
    left -= 1
    if call.wasRouted && call.isUntouched { return 0 }
    return call.isHarmless ? backoff.next() : nil
  }
}
