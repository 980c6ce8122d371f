import Baton
import BatonMessages
import Testing

/// Calls that a server makes to its client over the same connection.
@Suite(.timeLimit(.minutes(1))) struct ServingClientTests {
  @Test func `a service of the client is called over the same connection`() async throws {
    var callback = StreamService()
    callback.echo = { request, _ in EchoMessage(number: request.number * 2) }
    var service = StreamService()
    service.echo = { request, context in
      let client = try #require(context.connection)
      var total = try await client.call(StreamService.echo, request).number
      for try await reply in client.serverStream(StreamService.count, EchoMessage(number: 10)) {
        total += reply.number
      }
      return EchoMessage(number: total)
    }
    try await withStreams(service, connection: ConnectionOptions(services: [callback])) {
      connection in
      let reply = try await connection.call(StreamService.echo, EchoMessage(number: 4))
      #expect(reply.number == 53)
    }
  }

  @Test func `a handler may call its client while its server waits for it to end`() async throws {
    let (begun, begins) = AsyncStream<Void>.makeStream()
    let (hurry, hurries) = AsyncStream<Void>.makeStream()
    let service = StreamService(echo: { request, context in
      begins.finish()
      for await _ in hurry {}
      let client = try #require(context.connection)
      return try await client.call(StreamService.echo, request)
    })
    let callback = StreamService(echo: { request, _ in EchoMessage(number: request.number * 2) })
    let server = Server(addresses: [], services: [service])
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect(options: ConnectionOptions(services: [callback]))
        async let reply = connection.call(StreamService.echo, EchoMessage(number: 4))
        for await _ in begun {}
        group.cancelAll()
        // The server's goodbye has come.
        for await state in connection.states where state != .ready { break }
        hurries.finish()
        #expect(try await reply.number == 8)
        try await group.waitForAll()
        connection.close()
      }
    }
  }

  @Test func `a client that serves something goes on with its requests after a goodbye`()
    async throws
  {
    let server = Server(addresses: [], services: [StreamService()])
    try await onOwnThread {
      let connection = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect(
          options: ConnectionOptions(services: [StreamService()]))
        let sum = try await connection.clientStream(StreamService.sum) { requests in
          try await requests.write(EchoMessage(number: 1))
          // The server has begun the stream when it answers what came behind it.
          _ = try await connection.call(StreamService.echo, EchoMessage())
          group.cancelAll()
          // Refused once the goodbye is there.
          while (try? await connection.call(StreamService.echo, EchoMessage())) != nil {}
          try await requests.write(EchoMessage(number: 2))
        }
        #expect(sum.number == 3)
        return connection
      }
      connection.close()
    }
  }

  @Test func `a client that serves nothing says so to a server that calls it`() async throws {
    var service = StreamService()
    service.echo = { request, context in
      let client = try #require(context.connection)
      return try await client.call(StreamService.echo, request)
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(StreamService.echo, EchoMessage())
      }
      #expect(error?.code == .unimplemented)
    }
  }
}
