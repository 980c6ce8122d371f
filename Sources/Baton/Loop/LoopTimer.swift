import Synchronization

/// Something to do on a loop at a time, unless it is cancelled before.
package final class LoopTimer: Sendable {
  package typealias Body = @Sendable () -> Void

  package let deadline: UInt64
  private let bodies: Mutex<(due: Body, dropped: Body)?>

  /// `dropped` is called instead of `body` when the loop ends before.
  package init(deadline: UInt64, body: @escaping Body, dropped: @escaping Body = {}) {
    self.deadline = deadline
    bodies = Mutex((body, dropped))
  }

  /// From any thread. The heap forgets the timer when its time comes.
  package func cancel() {
    _ = take()
  }

  /// Does nothing when the timer was cancelled.
  func fire() { take()?.due() }

  /// The loop has ended. Does nothing when the timer was cancelled.
  func drop() { take()?.dropped() }

  private func take() -> (due: Body, dropped: Body)? {
    bodies.withLock { bodies in
      defer { bodies = nil }
      return bodies
    }
  }

  fileprivate var isCancelled: Bool { bodies.withLock { $0 == nil } }
}

/// A loop's timers, the earliest first: a binary heap.
package struct TimerHeap {
  private var heap: [LoopTimer] = []
  /// How many there may be before those that were cancelled are looked for.
  private var sweepAt = Self.leastSweep

  private static let leastSweep = 1024

  package init() {}

  /// How many it holds, some of which may have been cancelled.
  package var count: Int { heap.count }

  var isEmpty: Bool { heap.isEmpty }

  /// How long until the earliest is due; nil when there is none.
  package func nanosecondsLeft() -> Int64? {
    guard let first = heap.first else { return nil }
    let now = LoopClock.now
    return first.deadline <= now ? 0 : Int64(clamping: first.deadline - now)
  }

  package mutating func insert(_ timer: LoopTimer) {
    if heap.count >= sweepAt { sweep() }
    heap.append(timer)
    rise(from: heap.count - 1)
  }

  /// Forgets those that were cancelled: who calls with long timeouts would fill the memory with them.
  private mutating func sweep() {
    let kept = heap.filter { !$0.isCancelled }
    heap = []
    sweepAt = max(Self.leastSweep, 2 * kept.count)
    for timer in kept {
      heap.append(timer)
      rise(from: heap.count - 1)
    }
  }

  private mutating func rise(from index: Int) {
    var child = index
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].deadline <= heap[child].deadline { break }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  /// Takes out what is due, and what was cancelled from the front. The caller fires it, as a timer's
  /// body may insert another.
  package mutating func takeDue() -> [LoopTimer] {
    let now = LoopClock.now
    var due: [LoopTimer] = []
    while let first = heap.first, first.deadline <= now || first.isCancelled {
      removeFirst()
      due.append(first)
    }
    return due
  }

  mutating func takeAll() -> [LoopTimer] {
    defer { heap = [] }
    return heap
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].deadline < heap[least].deadline {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
