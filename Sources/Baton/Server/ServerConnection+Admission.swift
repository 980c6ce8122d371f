import BatonMessages
import Logging

// Which calls are taken.
extension ServerConnection {
  /// Answers a call that is not handed to a handler. What the policy refuses is told to whoever runs
  /// the server; the rest are faults of the caller, of which there may be any number.
  func refuse(
    _ number: UInt32, _ error: RPCError, _ method: String? = nil, isByPolicy: Bool = false
  ) {
    logger.log(
      level: isByPolicy ? .notice : .debug, "refused a call: \(error)",
      metadata: ["method": "\(method ?? "unknown")", "call": "\(number)"])
    send(number, WireStatus(error))
  }

  /// Why a request's descriptors are not taken; nil when they are, and are counted.
  func admit(_ count: Int, of method: ServedMethod) -> RPCError? {
    if count > method.mostDescriptors {
      return RPCError(
        .invalidArgument,
        "\(method.name): expected at most \(method.mostDescriptors) descriptors, by its request's fields; got \(count)"
      )
    }
    return descriptorsInFlight.admit(count)
  }

  /// Why a new call is not begun; nil when it may be.
  func admit(_ number: UInt32) throws(ProtocolError) -> RPCError? {
    if calls[number] != nil {
      throw ProtocolError("call \(number) is open already")
    }
    if isLeaving, CallsInFlight.isLater(number, than: lastAnnounced ?? lastCall) {
      let reason = isAccepted ? "the server is shutting down" : "the client takes no more calls"
      return RPCError(.unavailable, "the call was not begun: \(reason)")
    }
    if CallsInFlight.isLater(number, than: lastCall) { lastCall = number }
    let most = serving.callsPerConnection
    if calls.count < most { return nil }
    return RPCError(.resourceExhausted, "expected at most \(most) calls in flight")
  }
}
