public import BatonMessages

/// A call in flight: who waits for it, and what becomes of its reply.
///
/// Sendable because whoever takes the call out of ``CallsInFlight`` holds it alone.
@usableFromInline
final class PendingCall: @unchecked Sendable {
  /// Reads the reply's message, which is valid only during this call, where it was received.
  @usableFromInline
  typealias Read = (UnsafeRawBufferPointer, inout ReceivedDescriptors) throws(CodecError) -> Void

  var number: UInt32 = 0
  var timer: LoopTimer?
  /// The caller's task was cancelled before the call was on its way.
  var isCancelled = false
  private let read: Read
  private var waiter: UnsafeContinuation<RPCError?, Never>?

  @usableFromInline
  init(_ read: @escaping Read) {
    self.read = read
  }

  /// Called once, before the call is begun.
  func wait(_ waiter: UnsafeContinuation<RPCError?, Never>) {
    self.waiter = waiter
  }

  func succeed(_ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors) {
    do throws(CodecError) {
      try read(message, &descriptors)
      finish(nil)
    } catch {
      finish(RPCError(reading: error, "the reply"))
    }
  }

  func fail(_ error: RPCError) {
    finish(error)
  }

  private func finish(_ error: RPCError?) {
    waiter?.resume(returning: error)
    waiter = nil
  }
}
