/// A call that waits for a connection.
///
/// Sendable because it is guarded by what guards its ``WaitingCalls``, or belongs to whoever took it
/// out of there.
final class WaitingCall: @unchecked Sendable {
  typealias Waiter = UnsafeContinuation<Result<ClientCore, RPCError>, Never>

  /// Whether it waits when attempts fail, too.
  let isPatient: Bool
  fileprivate var number: UInt64 = 0
  fileprivate var waiter: Waiter?
  var timer: LoopTimer?
  /// Why it was given up before it waited.
  var refusal: RPCError?

  init(isPatient: Bool) {
    self.isPatient = isPatient
  }

  /// Ends the wait of a call that was taken out.
  func resume(_ result: Result<ClientCore, RPCError>) {
    timer?.cancel()
    waiter?.resume(returning: result)
    waiter = nil
  }
}

/// The calls that wait for a connection, each of which is given out once.
struct WaitingCalls: ~Copyable {
  private var calls: [UInt64: WaitingCall] = [:]
  private var last: UInt64 = 0

  mutating func insert(_ call: WaitingCall, _ waiter: WaitingCall.Waiter) {
    last += 1
    call.number = last
    call.waiter = waiter
    calls[last] = call
  }

  /// Takes a call out; false when it does not wait, or not any more.
  mutating func remove(_ call: WaitingCall) -> Bool {
    calls.removeValue(forKey: call.number) != nil
  }

  /// Takes all out, the first that came first.
  mutating func takeAll() -> [WaitingCall] {
    defer { calls = [:] }
    return calls.values.sorted { $0.number < $1.number }
  }

  /// Takes out those that do not wait when attempts fail.
  mutating func takeImpatient() -> [WaitingCall] {
    let impatient = calls.values.filter { !$0.isPatient }.sorted { $0.number < $1.number }
    for call in impatient { calls[call.number] = nil }
    return impatient
  }
}
