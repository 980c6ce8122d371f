/// How long a channel waits for its peer, in nanoseconds; nil: without end.
struct ChannelTimes: Sendable {
  /// For the hello.
  var handshake: UInt64?
  /// Without anything from the peer before it is asked whether it is there, and for its answer.
  var keepalive: UInt64?
  var keepaliveTimeout: UInt64 = 20_000_000_000

  init(handshake: Duration? = nil, keepalive: Duration? = nil, keepaliveTimeout: Duration) {
    self.handshake = handshake.map { UInt64($0.clampedNanoseconds) }
    self.keepalive = keepalive.map { UInt64(max($0.clampedNanoseconds, 1_000_000)) }
    self.keepaliveTimeout = UInt64(keepaliveTimeout.clampedNanoseconds)
  }
}
