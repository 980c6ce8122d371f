import CKernelObjects
import Foundation
import Synchronization

/// A program that was started. A thread of its own waits for its end, so that no zombie stays.
public final class RunningProgram: Sendable {
  private enum State {
    case running([CheckedContinuation<Int32, Never>])
    case ended(Int32)
  }

  /// Nobody else's while it runs.
  public let processIdentifier: Int32
  private let state = Mutex(State.running([]))

  init(_ process: Int32) {
    processIdentifier = process
    Thread.detachNewThread { self.end(wait_for_program(process)) }
  }

  private func end(_ status: Int32) {
    let waiting = state.withLock { state -> [CheckedContinuation<Int32, Never>] in
      guard case .running(let waiting) = state else { return [] }
      state = .ended(status)
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: status) }
  }

  public var isRunning: Bool {
    state.withLock { state in
      if case .running = state { true } else { false }
    }
  }

  /// Its exit status, or the signal that ended it, negative.
  public func ended() async -> Int32 {
    await withCheckedContinuation { continuation in
      let status = state.withLock { state -> Int32? in
        switch state {
        case .ended(let status): return status
        case .running(let waiting):
          state = .running(waiting + [continuation])
          return nil
        }
      }
      if let status { continuation.resume(returning: status) }
    }
  }
}
