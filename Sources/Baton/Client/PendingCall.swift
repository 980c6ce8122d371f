import BatonMessages

/// A call in flight: what becomes of its reply. Subclasses know the reply's type.
///
/// Sendable because whoever takes the call out of ``CallsInFlight`` holds it alone.
class PendingCall: @unchecked Sendable {
  fileprivate(set) var number: UInt32 = 0
  var timer: LoopTimer?
  /// The caller's task was cancelled before the call was on its way.
  fileprivate(set) var isCancelled = false
  fileprivate(set) var isOver = false

  /// The reply's message, valid only during this call.
  func succeed(_ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors) {}
  func fail(_ error: RPCError) {}
}

/// The table of calls in flight on one connection: numbers them, finds them, gives each out once.
struct CallsInFlight: ~Copyable {
  private var calls: [UInt32: PendingCall] = [:]
  private var next: UInt32 = 1

  var count: Int { calls.count }

  /// Gives the call a number and keeps it.
  mutating func insert(_ call: PendingCall) -> UInt32 {
    while calls[next] != nil { advance() }
    call.number = next
    calls[next] = call
    advance()
    return call.number
  }

  /// Takes the call out; nil when it is not in flight any more.
  mutating func complete(_ number: UInt32) -> PendingCall? {
    guard let call = calls.removeValue(forKey: number) else { return nil }
    call.isOver = true
    return call
  }

  /// Takes the call out, or keeps in mind that it is not to be begun.
  mutating func cancel(_ call: PendingCall) -> Bool {
    call.isCancelled = true
    return call.number != 0 && complete(call.number) != nil
  }

  mutating func completeAll() -> [PendingCall] {
    let all = Array(calls.values)
    for call in all { call.isOver = true }
    calls = [:]
    return all
  }

  private mutating func advance() {
    next = next == UInt32(Int32.max) ? 1 : next + 1
  }
}
