import Synchronization

/// Something that happens once, for one task to wait for.
final class OneShot: Sendable {
  private enum State {
    case pending(UnsafeContinuation<Void, Never>?)
    case fired
  }
  private let state = Mutex(State.pending(nil))

  func fire() {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      defer { state = .fired }
      if case .pending(let waiter) = state { return waiter }
      return nil
    }
    waiter?.resume()
  }

  func wait() async {
    await withUnsafeContinuation { waiter in
      let isFired = state.withLock { state in
        if case .fired = state { return true }
        state = .pending(waiter)
        return false
      }
      if isFired { waiter.resume() }
    }
  }
}
