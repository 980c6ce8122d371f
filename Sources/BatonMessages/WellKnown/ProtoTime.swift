/// Nanoseconds in a second and attoseconds in a nanosecond.
private let billion: Int64 = 1_000_000_000

extension ProtoDuration {
  /// The length of `duration`, whose parts below a nanosecond are dropped. Seconds and nanoseconds
  /// have the same sign, as `google/protobuf/duration.proto` asks.
  public init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.init(seconds: seconds, nanos: Int32(attoseconds / billion))
  }
}

extension Duration {
  /// The same length.
  public init(_ duration: ProtoDuration) {
    self = .seconds(duration.seconds) + .nanoseconds(Int64(duration.nanos))
  }
}

extension ProtoTimestamp {
  /// The moment that lies `sinceEpoch` behind 1970-01-01T00:00:00Z, or before it when that is
  /// negative. Parts below a nanosecond are dropped, nanoseconds count forwards.
  public init(sinceEpoch: Duration) {
    let (seconds, attoseconds) = sinceEpoch.components
    let nanoseconds = attoseconds / billion
    self.init(
      seconds: nanoseconds < 0 ? seconds - 1 : seconds,
      nanos: Int32(nanoseconds < 0 ? nanoseconds + billion : nanoseconds))
  }

  /// How far the moment lies behind 1970-01-01T00:00:00Z.
  public var sinceEpoch: Duration { .seconds(seconds) + .nanoseconds(Int64(nanos)) }
}
