import Synchronization
import Testing

extension Trait where Self == OneProcessAtATime {
  /// For tests whose body runs in a process of its own (`processExitsWith`). While it does, a thread
  /// of Swift's pool is blocked; were all of them, no other test could go on, not even one whose
  /// process that one waits for.
  static var processOfItsOwn: Self { Self() }
}

/// Lets one test at a time of those that have it run.
struct OneProcessAtATime: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    await Turns.shared.take()
    defer { Turns.shared.giveBack() }
    try await body()
  }
}

private final class Turns: Sendable {
  static let shared = Turns()

  private let state = Mutex((isTaken: false, waiting: [CheckedContinuation<Void, Never>]()))

  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.isTaken {
          state.waiting.append(continuation)
          return false
        }
        state.isTaken = true
        return true
      }
      if isFree { continuation.resume() }
    }
  }

  func giveBack() {
    let next = state.withLock { state in
      state.isTaken = !state.waiting.isEmpty
      return state.isTaken ? state.waiting.removeFirst() : nil
    }
    next?.resume()
  }
}
