public import Baton
public import ServiceLifecycle

/// A server as a service of a `ServiceGroup`.
///
/// ```swift
/// let server = Server(address: "unix:/run/broker.sock", services: [Broker()])
/// let group = ServiceGroup(
///   services: [ServerService(server)], gracefulShutdownSignals: [.sigterm], logger: logger)
/// try await group.run()
/// ```
public struct ServerService: Service {
  private let server: Server

  public init(_ server: Server) {
    self.server = server
  }

  /// Serves until the group shuts down gracefully, or the task is cancelled. Then the server says goodbye
  /// to its clients, answers the calls it has begun as far as `ServerOptions.drainTimeout` allows, and
  /// this returns. Throws `ConnectionError` when the server cannot listen.
  public func run() async throws {
    try await cancelWhenGracefulShutdown { [server] in try await server.run() }
  }
}
