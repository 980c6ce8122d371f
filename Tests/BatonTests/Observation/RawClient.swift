import Baton

/// Serves a client that has said hello and sends whatever packets `body` sends, until it has left.
func serveRawClient(
  _ options: ServerOptions, _ body: @Sendable (RawPeer) async throws -> Void
) async throws {
  let (client, other) = try RawPeer.pair()
  let server = Server(address: "fd:\(other)", services: [ParcelService()], options: options)
  try await onOwnThread {
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run() }
      try client.send(RawFrame.hello.bytes)
      _ = try await client.receive()
      try await body(client)
      client.leave()
      try await group.waitForAll()
    }
  }
}
