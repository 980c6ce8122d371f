public import Baton
public import ServiceLifecycle

/// A client's connection as a service of a `ServiceGroup`.
///
/// A group shuts its services down in the reverse of their order: one that stands behind the connection,
/// and makes its calls, ends before it.
public struct ConnectionService: Service {
  private let connection: Connection
  private let timeout: Duration

  /// With the time that calls in flight have once the group shuts down.
  public init(_ connection: Connection, drainingWithin timeout: Duration = .seconds(10)) {
    self.connection = connection
    self.timeout = timeout
  }

  /// Waits until the group shuts down gracefully, then drains the connection: calls in flight are answered,
  /// new ones fail with UNAVAILABLE. When the task is cancelled, those in flight fail at once. Returns
  /// early when the connection is over for good, as one that is not made again (`exec:`) is at its loss.
  public func run() async throws {
    for await _ in connection.states.cancelOnGracefulShutdown() {}
    await connection.drain(within: timeout)
  }
}
