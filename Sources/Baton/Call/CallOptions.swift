/// What a caller asks of one call.
public struct CallOptions: Sendable {
  /// How long to wait, sending included. nil waits without end. The server is told, too.
  public var timeout: Duration?

  public init(timeout: Duration? = nil) {
    self.timeout = timeout
  }
}

extension Duration {
  /// Whole nanoseconds, at least 0 and at most what an Int64 holds (292 years).
  var clampedNanoseconds: Int64 {
    if self <= .zero { return 0 }
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return .max }
    let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carry ? .max : sum
  }
}
