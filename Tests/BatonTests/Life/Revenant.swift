import Baton
import Glibc
import Testing

/// An address at which one server after another is served.
final class Revenant: Sendable {
  let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
  private let loop: EventLoop

  init() throws {
    loop = try EventLoop()
  }

  deinit {
    unlink(path)
    loop.shutdown()
  }

  /// A server that listens, until the task is cancelled.
  func start(
    _ service: any RPCService = EchoService(), options: ServerOptions = ServerOptions()
  ) throws -> Task<Void, any Error> {
    let server = Server(address: "unix:\(path)", services: [service], options: options)
    try server.bind()
    return Task(executorPreference: loop) { try await server.run() }
  }

  /// A connection that is soon made again.
  func connect(
    _ reconnection: Reconnection? = Reconnection(initialDelay: .milliseconds(5)),
    _ change: (inout ConnectionOptions) -> Void = { _ in }
  ) async throws -> Connection {
    var options = ConnectionOptions(reconnection: reconnection)
    change(&options)
    return try await Connection.connect(to: Address("unix:\(path)"), options: options)
  }
}

extension Task where Success == Void, Failure == any Error {
  /// Cancels a server, and waits until it has ended.
  func end() async throws {
    cancel()
    try await value
  }
}

extension Connection {
  /// Waits for a state, which the connection may have now.
  func until(_ state: ConnectionState) async {
    for await next in states where next == state { return }
  }
}

/// Waits in the method `Echo` of a service until the test lets it go on.
final class Gate: Sendable {
  private let begun = AsyncStream<Void>.makeStream()
  private let released = AsyncStream<Void>.makeStream()

  var service: EchoService {
    EchoService { [begun, released] request, _ in
      begun.continuation.yield()
      for await _ in released.stream { break }
      return request
    }
  }

  func untilBegun() async { for await _ in begun.stream { break } }
  func release() { released.continuation.yield() }
}
