import Synchronization

/// Why a call ended before its handler did.
final class CallOutcome: Sendable {
  private let state = Mutex(RPCError?.none)

  var error: RPCError? { state.withLock { $0 } }

  /// Only the first end counts.
  func end(_ error: RPCError) {
    state.withLock { state in
      if state == nil { state = error }
    }
  }
}
