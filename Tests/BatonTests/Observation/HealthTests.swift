import Baton
import BatonHealth
import Testing

@Suite(.timeLimit(.minutes(1))) struct HealthTests {
  typealias Status = HealthService.Status

  /// A server with `health`, and the task that it runs in.
  private static func serving(
    _ health: HealthService,
    _ body: (Health.Client, Task<Void, any Error>) async throws -> Void
  ) async throws {
    let server = Server(addresses: [], services: [health, EchoService()])
    try await withOwnLoop { loop in
      let running = Task(executorPreference: loop) { try await server.run() }
      defer { running.cancel() }
      let connection = try await server.connect()
      defer { connection.close() }
      try await body(Health.Client(connection), running)
    }
  }

  private static func watching(_ service: String) -> HealthCheckRequest {
    HealthCheckRequest(service: service)
  }

  @Test func `the methods have gRPC's names`() {
    #expect(HealthService.schema.name == "grpc.health.v1.Health")
    #expect(Health.Methods.check.name == "grpc.health.v1.Health/Check")
    #expect(Health.Methods.watch.name == "grpc.health.v1.Health/Watch")
  }

  @Test func `a check tells what the application said, and NOT_FOUND of what it did not`()
    async throws
  {
    let health = HealthService(serving: ["test.Echo"])
    health.set(.notServing, for: "test.Other")
    try await Self.serving(health) { (client, _) async throws in
      for (service, status) in [
        ("", Status.serving), ("test.Echo", .serving), ("test.Other", .notServing),
      ] {
        #expect(try await client.check(HealthCheckRequest(service: service)).status == status)
      }
      let error = await #expect(throws: RPCError.self) {
        try await client.check(HealthCheckRequest(service: "test.None"))
      }
      #expect(error?.code == .notFound)
      #expect(error?.message.contains("\"test.None\"") == true)
    }
  }

  @Test func `a service that is said to be unknown is as one never spoken of`() async throws {
    let health = HealthService(serving: ["test.Echo"])
    health.set(.serviceUnknown, for: "test.Echo")
    #expect(health.status(of: "test.Echo") == nil)
    try await Self.serving(health) { (client, _) async throws in
      let error = await #expect(throws: RPCError.self) {
        try await client.check(HealthCheckRequest(service: "test.Echo"))
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test func `a service's name of many combining marks is looked up in no time`() {
    // Swift's own hash of as many takes half a minute.
    let name = String(repeating: "\u{301}\u{316}", count: 1 << 17)
    let health = HealthService()
    let taken = ContinuousClock().measure { _ = health.status(of: name) }
    #expect(taken < .seconds(10))
  }

  @Test func `a list has every service`() async throws {
    try await Self.serving(HealthService(serving: ["test.Echo"])) { (client, _) async throws in
      let statuses = try await client.list(HealthListRequest()).statuses
      #expect(statuses.mapValues(\.status) == ["": .serving, "test.Echo": .serving])
    }
  }

  @Test func `a watch tells the status at once and every change, of its service alone`()
    async throws
  {
    let health = HealthService()
    try await Self.serving(health) { (client, _) async throws in
      var statuses = client.watch(Self.watching("test.Echo")).makeAsyncIterator()
      #expect(try await statuses.next()?.status == .serviceUnknown)
      health.set(.serving, for: "test.Other")
      health.set(.serving, for: "test.Echo")
      #expect(try await statuses.next()?.status == .serving)
      // What is no change is not told.
      health.set(.serving, for: "test.Echo")
      health.set(.notServing, for: "test.Echo")
      #expect(try await statuses.next()?.status == .notServing)
      health.set(.serviceUnknown, for: "test.Echo")
      #expect(try await statuses.next()?.status == .serviceUnknown)
    }
  }

  @Test func `a server that ends tells its watchers, ends their streams and waits for none`()
    async throws
  {
    let health = HealthService(serving: ["test.Echo"])
    try await Self.serving(health) { (client, running) async throws in
      var streams = ["", "test.Echo", "test.None"].map { service in
        client.watch(Self.watching(service)).makeAsyncIterator()
      }
      for index in streams.indices { _ = try await streams[index].next() }
      running.cancel()
      for index in streams.indices {
        #expect(try await streams[index].next()?.status == .notServing)
        #expect(try await streams[index].next() == nil)
      }
      // The drain's time is ten seconds, at whose end a stream would be cut off with an error.
      try await running.value
      health.set(.serving, for: "test.Echo")
      #expect(health.status(of: "test.Echo") == .notServing)
    }
  }

  @Test func `a watch that its caller leaves is forgotten`() async throws {
    let health = HealthService()
    try await Self.serving(health) { (client, _) async throws in
      for try await reply in client.watch(Self.watching("")) {
        #expect(reply.status == .serving)
        break
      }
      while health.watcherCount > 0 { await Task.yield() }
    }
  }
}
