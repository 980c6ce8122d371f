/// Where a ``Connection`` stands: gRPC's connectivity states.
public enum ConnectionState: Sendable, Hashable, CaseIterable {
  /// The server said goodbye, and nobody has called since: the next call connects.
  case idle
  /// The connection is being made. Calls wait for it.
  case connecting
  /// Calls go to the server.
  case ready
  /// It could not be made, and is tried again and again. Calls fail with UNAVAILABLE at once, unless
  /// they ask to wait (``CallOptions/waitForReady``).
  case transientFailure
  /// It was closed or is draining, or it was lost and is not made again. Every call fails.
  case shutdown
}

/// The states of a ``Connection`` from now on: the present one first, then each it comes to, until
/// ``ConnectionState/shutdown``, which is the last.
///
/// Each iteration sees them all. One that does not keep up misses the oldest of more than 16.
public struct ConnectionStates: AsyncSequence, Sendable {
  public typealias Element = ConnectionState
  public typealias Failure = Never

  private let route: Route

  init(_ route: Route) {
    self.route = route
  }

  public func makeAsyncIterator() -> AsyncStream<ConnectionState>.Iterator {
    let (states, observer) = AsyncStream.makeStream(
      of: ConnectionState.self, bufferingPolicy: .bufferingNewest(16))
    route.observe(observer)
    return states.makeAsyncIterator()
  }
}

/// Those who watch the state of a connection.
struct ConnectionObservers {
  private var observers: [UInt64: AsyncStream<ConnectionState>.Continuation] = [:]
  private var last: UInt64 = 0

  var count: Int { observers.count }

  /// What to remove the observer by.
  mutating func add(_ observer: AsyncStream<ConnectionState>.Continuation) -> UInt64 {
    last += 1
    observers[last] = observer
    return last
  }

  mutating func remove(_ number: UInt64) { observers[number] = nil }

  func tell(_ state: ConnectionState) {
    for observer in observers.values { observer.yield(state) }
  }

  mutating func takeAll() -> [AsyncStream<ConnectionState>.Continuation] {
    defer { observers = [:] }
    return Array(observers.values)
  }
}
