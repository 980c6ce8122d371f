import Baton
import BatonMessages
import BatonServiceLifecycle
import Logging
import ServiceLifecycle
import Testing

/// Servers and connections as services of a group.
@Suite(.timeLimit(.minutes(1))) struct ServiceLifecycleTests {
  /// Says when its group runs.
  private struct Probe: Service {
    let begun: AsyncStream<Void>.Continuation

    func run() async throws {
      begun.finish()
      try await gracefulShutdown()
    }
  }

  @Test func `groups that shut down answer the calls in flight, and end`() async throws {
    let server = Server(addresses: [], services: [StreamService()])
    let logger = Logger(label: "test")
    try await withOwnLoop { loop in
      let servers = ServiceGroup(services: [ServerService(server)], logger: logger)
      let serving = Task(executorPreference: loop) { try await servers.run() }
      let connection = try await server.connect()
      let (begun, begins) = AsyncStream<Void>.makeStream()
      let clients = ServiceGroup(
        services: [ConnectionService(connection), Probe(begun: begins)], logger: logger)
      let calling = Task(executorPreference: loop) { try await clients.run() }
      for await _ in begun {}
      try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
        var replies = replies.makeAsyncIterator()
        try await requests.write(EchoMessage(number: 1))
        #expect(try await replies.next()?.number == 1)
        await clients.triggerGracefulShutdown()
        while (try? await connection.call(StreamService.echo, EchoMessage())) != nil {}
        await servers.triggerGracefulShutdown()
        try await requests.write(EchoMessage(number: 2))
        #expect(try await replies.next()?.number == 2)
        requests.finish()
        #expect(try await replies.next() == nil)
      }
      try await calling.value
      try await serving.value
      #expect(connection.state == .shutdown)
    }
  }

  @Test func `a connection that is over for good ends its service`() async throws {
    let server = Server(addresses: [], services: [StreamService()])
    try await withOwnLoop { loop in
      let serving = Task(executorPreference: loop) { try await server.run() }
      let connection = try await server.connect()
      let service = Task(executorPreference: loop) { try await ConnectionService(connection).run() }
      serving.cancel()
      try await serving.value
      try await service.value
      #expect(connection.state == .shutdown)
    }
  }

  @Test func `a server that cannot listen fails its group with the reason`() async throws {
    let server = Server(address: "unix:/nonexistent/broker.sock", services: [StreamService()])
    let group = ServiceGroup(services: [ServerService(server)], logger: Logger(label: "test"))
    try await withOwnLoop { _ in
      let error = await #expect(throws: ConnectionError.self) { try await group.run() }
      #expect(error?.kind == .address)
    }
  }
}
