import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// Runs `body` with a server that listens at a path of its own.
func withServer<Result>(
  _ service: EchoService = EchoService(), options: ServerOptions = ServerOptions(),
  _ body: (String) async throws -> Result
) async throws -> Result {
  let path = FilePath("/tmp").appending("baton-\(UInt64.random(in: 0 ... .max)).sock")
  let address = "unix:\(path)"
  let server = Server(address: address, services: [service], options: options)
  try server.bind()
  return try await onOwnThread {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let result = try await body(address)
      group.cancelAll()
      return result
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct CallTests {
  @Test func `a server that accepts nobody is waited for as long as for its hello`() async throws {
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    let listener = try RawPeer.unconnected()
    try listener.listenForOne(at: path)
    defer { unlink(path) }
    let first = try RawPeer.connected(to: path)
    let options = ConnectionOptions(handshakeTimeout: .milliseconds(50))
    for isBlocking in [false, true] {
      let error = await #expect(throws: ConnectionError.self) {
        try await onOwnThread {
          if isBlocking {
            _ = try SynchronousConnection.connect(to: Address("unix:\(path)"), options: options)
          } else {
            _ = try await Connection.connect(to: Address("unix:\(path)"), options: options)
          }
        }
      }
      #expect(error?.kind == .unreachable)
      #expect(error?.message.hasSuffix("accepts no connections: its queue is full") == true)
    }
    withExtendedLifetime((listener, first)) {}
  }

  @Test func `a call brings back what the handler answers`() async throws {
    try await withServer { address in
      let connection = try await Connection.connect(to: Address(address))
      let reply = try await connection.call(
        EchoService.echo, EchoMessage(payload: [1, 2], number: 7))
      #expect(reply.payload == [1, 2])
      #expect(reply.number == 7)
      connection.close()
    }
  }

  @Test func `a synchronous handler and a synchronous client exchange a descriptor`() async throws {
    try await withServer { address in
      let count = try await onOwnThread {
        let connection = try SynchronousConnection.connect(to: Address(address))
        defer { connection.close() }
        let file = Descriptor(adopting: try FileDescriptor.open("/etc/hostname", .readOnly))
        return try connection.call(EchoService.direct, EchoMessage(files: [file, file])).files.count
      }
      #expect(count == 2)
    }
  }

  @Test func `many calls are in flight at once`() async throws {
    try await withServer { address in
      let connection = try await Connection.connect(to: Address(address))
      let sum = try await withThrowingTaskGroup(of: UInt64.self) { group in
        for number in 1...500 {
          group.addTask {
            try await connection.call(EchoService.echo, EchoMessage(number: UInt64(number))).number
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 125_250)
      connection.close()
    }
  }

  @Test func `what a handler throws is the call's error`() async throws {
    let service = EchoService { _, _ in throw RPCError(.notFound, "no such thing") }
    try await withServer(service) { address in
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
      #expect(error == RPCError(.notFound, "no such thing", origin: .peer))
    }
  }

  @Test func `cancelling the caller cancels the handler`() async throws {
    let (events, log) = AsyncStream<String>.makeStream()
    let service = EchoService { request, _ in
      log.yield("begun")
      try? await Task.sleep(for: .seconds(60))
      log.yield(Task.isCancelled ? "cancelled" : "slept")
      return request
    }
    try await withServer(service) { address in
      let connection = try await Connection.connect(to: Address(address))
      let call = Task(executorPreference: connection.loop) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
      var seen = events.makeAsyncIterator()
      #expect(await seen.next() == "begun")
      call.cancel()
      let result = await call.result
      #expect(throws: RPCError.self) { try result.get() }
      #expect(await seen.next() == "cancelled")
    }
  }

  @Test func `a deadline that passes ends the call`() async throws {
    let service = EchoService { request, _ in
      try await Task.sleep(for: .seconds(60))
      return request
    }
    try await withServer(service) { address in
      let connection = try await Connection.connect(to: Address(address))
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(
          EchoService.echo, EchoMessage(), options: CallOptions(timeout: .milliseconds(20)))
      }
      #expect(error?.code == .deadlineExceeded)
    }
  }

  @Test func `a handler is told one deadline, however often it asks`() async throws {
    let service = EchoService { _, context in
      let first = context.deadline
      let isOne = first != nil && (0..<1000).allSatisfy { _ in context.deadline == first }
      return EchoMessage(number: isOne ? 1 : 0)
    }
    try await withServer(service) { address in
      let connection = try await Connection.connect(to: Address(address))
      let reply = try await connection.call(
        EchoService.echo, EchoMessage(), options: CallOptions(timeout: .seconds(30)))
      #expect(reply.number == 1)
    }
  }

  @Test func `nobody at the address is unreachable`() async throws {
    let error = await #expect(throws: ConnectionError.self) {
      try await Connection.connect(to: Address("unix:/tmp/baton-nobody.sock"))
    }
    #expect(error?.kind == .unreachable)
  }

  @Test func `a blocking call's time passes while another thread's call is in turn`() async throws {
    let (begun, begins) = AsyncStream<Void>.makeStream()
    let numbers = Notes()
    let service = EchoService { request, _ in
      numbers.add("\(request.number)")
      begins.yield()
      // Longer than the other call has time.
      if request.number == 1 { try await Task.sleep(for: .milliseconds(300)) }
      return request
    }
    try await withServer(service) { address in
      let client = try await onOwnThread {
        try SynchronousConnection.connect(to: Address(address))
      }
      async let first = onOwnThread {
        try client.call(EchoService.echo, EchoMessage(number: 1)).number
      }
      for await _ in begun { break }
      let error = await #expect(throws: RPCError.self) {
        try await onOwnThread {
          let options = CallOptions(timeout: .milliseconds(50))
          return try client.call(EchoService.echo, EchoMessage(number: 2), options: options)
        }
      }
      #expect(error?.code == .deadlineExceeded)
      #expect(error?.wasNotBegun == true)
      #expect(try await first == 1)
      _ = try await onOwnThread { try client.call(EchoService.echo, EchoMessage(number: 3)) }
      client.close()
    }
    #expect(numbers.all == ["1", "3"])
  }
}
