import Baton
import Testing

/// The server of the cases, in this process, behind a socket file.
struct InteropServer {
  let address: Address

  static func run(_ body: (InteropServer) async throws -> Void) async throws {
    let path = "/tmp/baton-interop-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(address: "unix:\(path)", services: [InteropService()])
    try server.bind()
    let loop = try EventLoop()
    defer { loop.shutdown() }
    try await withTaskExecutorPreference(loop) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        try await body(InteropServer(address: try Address("unix:\(path)")))
        group.cancelAll()
      }
    }
  }

  /// Runs a case with a client of a server of its own.
  static func with(_ body: (TestService.Client) async throws -> Void) async throws {
    try await run { server in
      let connection = try await Connection.connect(to: server.address)
      try await body(TestService.Client(connection))
      connection.close()
    }
  }
}
