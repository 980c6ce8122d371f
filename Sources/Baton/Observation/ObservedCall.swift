import CoreMetrics

/// A call that is counted, from its beginning until it has ended.
struct ObservedCall: Sendable {
  private let metrics: MethodMetrics
  private let begin: UInt64

  init(_ metrics: MethodMetrics, since begin: UInt64 = LoopClock.now) {
    self.metrics = metrics
    self.begin = begin
    metrics.active.increment()
  }

  /// Called once; the error is why, if not well.
  func ended(_ error: RPCError? = nil) { ended(error?.code ?? .ok) }

  func ended(_ code: RPCError.Code) {
    metrics.active.decrement()
    metrics.duration(of: code).recordNanoseconds(Int64(clamping: LoopClock.now &- begin))
  }
}
