package import Logging

/// Tells of the calls that a connection answers, in metrics and in the log at debug level. Touched on
/// the loop's thread alone.
package final class ServedCallObserver {
  private let metrics: CallMetrics?
  /// nil where the level is not asked for.
  private let logger: Logger?
  private var calls: [UInt32: Call] = [:]

  private struct Call {
    let begin: UInt64
    let method: String
    let counted: ObservedCall?
  }

  /// nil where nobody listens, so that a call costs one comparison.
  package init?(_ metrics: CallMetrics?, _ logger: Logger) {
    let isLogged = logger.logLevel <= .debug
    if metrics == nil && !isLogged { return nil }
    self.metrics = metrics
    self.logger = isLogged ? logger : nil
  }

  /// A call begins, maybe to be refused. `name` is nil where the method is not known.
  func began(_ number: UInt32, _ identity: UInt64, _ name: String?) {
    let call = Call(
      begin: LoopClock.now, method: name ?? "unknown",
      counted: metrics?.served(identity).map { ObservedCall($0) })
    calls[number] = call
    logger?.debug("call begun", metadata: ["method": "\(call.method)", "call": "\(number)"])
  }

  /// Its answer is on its way. Does nothing the second time.
  func ended(_ number: UInt32, _ code: RPCError.Code) {
    guard let call = calls.removeValue(forKey: number) else { return }
    call.counted?.ended(code)
    guard let logger else { return }
    let duration = Duration.nanoseconds(Int64(clamping: LoopClock.now &- call.begin))
    logger.debug(
      "call answered",
      metadata: [
        "method": "\(call.method)", "call": "\(number)", "code": "\(code)",
        "duration": "\(duration)",
      ])
  }

  /// The connection ended: nobody gets the answers that are owed.
  func endedAll() {
    for number in calls.keys.sorted() { ended(number, .cancelled) }
  }
}
