import Baton
import BatonMessages
import Glibc
import Logging
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReconnectTests {
  private static let patient = CallOptions(waitForReady: true)

  @Test func `a connection to a server that was started anew is made again`() async throws {
    let place = try Revenant()
    var server = try place.start()
    let connection = try await place.connect()
    for number: UInt64 in 1...3 {
      let reply = try await connection.call(
        EchoService.echo, EchoMessage(number: number), options: Self.patient)
      #expect(reply.number == number)
      try await server.end()
      server = try place.start()
    }
    connection.close()
    try await server.end()
  }

  @Test func `as long as the server is away calls fail at once, and say they were not begun`()
    async throws
  {
    let place = try Revenant()
    let server = try place.start()
    let connection = try await place.connect()
    try await server.end()
    // The goodbye has come, or the end: the first call finds out that nobody is there.
    _ = try? await connection.call(EchoService.echo, EchoMessage())
    await connection.until(.transientFailure)
    let error = await #expect(throws: RPCError.self) {
      try await connection.call(EchoService.echo, EchoMessage())
    }
    #expect(error?.code == .unavailable)
    #expect(error?.wasNotBegun == true)
    #expect(error?.message.contains("no server at unix:\(place.path)") == true)
    connection.close()
  }

  @Test func `calls of every kind that wait for the server are made when it is there`() async throws
  {
    let place = try Revenant()
    var server = try place.start(StreamService())
    let connection = try await place.connect()
    try await server.end()
    _ = try? await connection.call(StreamService.echo, EchoMessage())
    await connection.until(.transientFailure)

    async let unary = connection.call(
      StreamService.echo, EchoMessage(number: 5), options: Self.patient)
    let served = connection.serverStream(
      StreamService.count, EchoMessage(number: 3), options: Self.patient)
    async let sum = connection.clientStream(StreamService.sum, options: Self.patient) { requests in
      for number: UInt64 in 1...4 { try await requests.write(EchoMessage(number: number)) }
    }
    async let chat = connection.bidirectionalStream(StreamService.chat, options: Self.patient) {
      requests, replies in
      try await requests.write(EchoMessage(number: 7))
      requests.finish()
      return try await replies.reduce(0) { $0 + $1.number }
    }
    let request = try EchoMessage(number: 2).encoded()
    let encoded = connection.serverStream(
      method: StreamService.count.name, request, options: Self.patient)
    async let reply: Void = {
      _ = try await connection.call(
        method: StreamService.echo.name, request, options: Self.patient)
    }()

    server = try place.start(StreamService())
    #expect(try await unary.number == 5)
    #expect(try await served.reduce(0) { $0 + $1.number } == 3)
    #expect(try await sum.number == 10)
    #expect(try await chat == 7)
    var replies = encoded.makeIterator()
    var count = 0
    while try await replies.next() != nil { count += 1 }
    #expect(count == 2)
    try await reply
    connection.close()
    try await server.end()
  }

  @Test func `waiting ends with the deadline, the caller's task and the connection`() async throws {
    let place = try Revenant()
    let server = try place.start(StreamService())
    let connection = try await place.connect()
    try await server.end()
    _ = try? await connection.call(StreamService.echo, EchoMessage())
    await connection.until(.transientFailure)

    let late = await #expect(throws: RPCError.self) {
      try await connection.call(
        StreamService.echo, EchoMessage(),
        options: CallOptions(timeout: .milliseconds(20), waitForReady: true))
    }
    #expect(late?.code == .deadlineExceeded)

    let cancelled = Task {
      try await connection.call(StreamService.echo, EchoMessage(), options: Self.patient)
    }
    cancelled.cancel()
    #expect(await cancelled.error?.code == .cancelled)

    let stream = Task {
      let replies = connection.serverStream(
        StreamService.count, EchoMessage(number: 1), options: Self.patient)
      for try await _ in replies {}
    }
    stream.cancel()
    #expect(await stream.error?.code == .cancelled)

    let waiting = Task {
      try await connection.call(StreamService.echo, EchoMessage(), options: Self.patient)
    }
    connection.close()
    let closed = await waiting.error
    #expect(closed?.code == .unavailable)
    #expect(closed?.wasNotBegun == true)
  }

  @Test func `a call in flight when the server dies may have been begun`() async throws {
    try await RawListener.withClient { peer, listener, connection in
      let call = Task { try await connection.call(EchoService.echo, EchoMessage()) }
      while let packet = try await peer.receive() {
        if ReceivedFrame.all(in: packet.bytes).contains(where: { $0.kind == 2 }) { break }
      }
      peer.leave()
      let error = await call.error
      #expect(error?.code == .unavailable)
      #expect(error?.wasNotBegun == false)
    }
  }

  @Test func `of the calls in flight at a goodbye those behind its last were not begun`()
    async throws
  {
    try await RawListener.withClient { peer, listener, connection in
      let calls = (0..<3).map { _ in
        Task { try await connection.call(EchoService.echo, EchoMessage()) }
      }
      var numbers: [UInt32] = []
      while numbers.count < 3, let packet = try await peer.receive() {
        numbers += ReceivedFrame.all(in: packet.bytes).filter { $0.kind == 2 }.map(\.call)
      }
      try peer.send(RawFrame(6, head: [16, 1]).bytes + RawFrame.response(1).bytes)
      let errors = await withTaskGroup(of: RPCError?.self) { group in
        for call in calls { group.addTask { await call.error } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(errors.count { $0 == nil } == 1)
      #expect(errors.count { $0?.code == .unavailable && $0?.wasNotBegun == true } == 2)
    }
  }

  @Test func `a goodbye that names a call which was never made leaves all to be answered`()
    async throws
  {
    try await RawListener.withClient { peer, listener, connection in
      async let reply = connection.call(EchoService.echo, EchoMessage())
      _ = try await peer.frames(until: 2)
      try peer.send(RawFrame(6, head: [16, 100]).bytes + RawFrame.response(1).bytes)
      _ = try await reply
    }
  }

  @Test
  func `after a goodbye calls in flight are answered there, and new ones go to the new server`()
    async throws
  {
    let place = try Revenant()
    let gate = Gate()
    let old = try place.start(gate.service)
    let connection = try await place.connect()
    async let first = connection.call(EchoService.echo, EchoMessage(number: 1))
    await gate.untilBegun()
    old.cancel()
    await connection.until(.idle)
    let new = try place.start(EchoService { _, _ in EchoMessage(number: 22) })
    #expect(try await connection.call(EchoService.echo, EchoMessage(number: 2)).number == 22)
    gate.release()
    #expect(try await first.number == 1)
    try await old.value
    connection.close()
    try await new.end()
  }

  @Test func `the states of a connection are told in order, to each who asks`() async throws {
    let place = try Revenant()
    let server = try place.start()
    let connection = try await place.connect()
    #expect(connection.state == .ready)
    let seen = Task { await connection.states.reduce(into: []) { $0.append($1) } }
    let also = Task { await connection.states.reduce(into: []) { $0.append($1) } }
    await connection.untilObserved(2)
    try await server.end()
    await connection.until(.idle)
    _ = try? await connection.call(EchoService.echo, EchoMessage())
    await connection.until(.transientFailure)
    let again = try place.start()
    await connection.until(.ready)
    connection.close()
    #expect(connection.state == .shutdown)
    let expected: [ConnectionState] = [
      .ready, .idle, .connecting, .transientFailure, .ready, .shutdown,
    ]
    #expect(await seen.value == expected)
    #expect(await also.value == expected)
    #expect(await connection.states.reduce(into: []) { $0.append($1) } == [.shutdown])
    try await again.end()
  }

  @Test func `a connection over a given socket, or that is told so, is not made again`()
    async throws
  {
    let place = try Revenant()
    let server = try place.start()
    let told = try await place.connect(nil)
    let (peer, other) = try RawPeer.pair()
    try peer.send(RawFrame.hello.bytes)
    let given = try await Connection.connect(to: Address("fd:\(other)"))
    try await server.end()
    peer.leave()
    for connection in [told, given] {
      await connection.until(.shutdown)
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage(), options: Self.patient)
      }
      #expect(error?.code == .unavailable)
      #expect(error?.wasNotBegun == true)
    }
  }

  @Test(.processOfItsOwn)
  func `what is lost without a goodbye is made again before anybody calls`() async throws {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      try await RawListener.withClient { peer, listener, connection in
        var peer = peer
        for _ in 0..<20 {
          peer.leave()
          peer = try await listener.accept()
          try peer.send(RawFrame.hello.bytes)
          _ = try await peer.receive()
        }
        await connection.until(.ready)
      }
      await OpenNumbers.expect(before)
    }
  }

  @Test func `a server that says no hello in time is tried again`() async throws {
    let place = try Revenant()
    let server = try place.start()
    // Long enough for the first hello, however busy the machine is.
    let connection = try await place.connect { $0.handshakeTimeout = .seconds(2) }
    try await server.end()
    let listener = try RawListener(path: place.path)
    let call = Task {
      try await connection.call(EchoService.echo, EchoMessage(), options: Self.patient)
    }
    let silent = try await listener.accept()
    await connection.until(.transientFailure)
    let another = try await listener.accept()
    call.cancel()
    withExtendedLifetime((silent, another)) {}
  }

  @Test func `a server that refuses, or leaves as it says hello, is tried again`() async throws {
    try await RawListener.withClient { peer, listener, connection in
      peer.leave()
      let refusing = try await listener.accept()
      // PERMISSION_DENIED.
      try refusing.send(RawFrame.hello.bytes + RawFrame(6, head: [0x0a, 2, 8, 7]).bytes)
      while try await refusing.receive() != nil {}
      let leaving = try await listener.accept()
      try leaving.send(RawFrame.hello.bytes + RawFrame.goodbye.bytes)
      let serving = try await listener.accept()
      try serving.send(RawFrame.hello.bytes)
      await connection.until(.ready)
    }
  }

  @Test func `a loop that ends takes its connection and those who wait along`() async throws {
    let place = try Revenant()
    let server = try place.start()
    let loop = try EventLoop()
    let connection = try await place.connect { $0.loop = loop }
    let other = try await place.connect { $0.loop = loop }
    try await server.end()
    await connection.until(.idle)
    _ = try? await connection.call(EchoService.echo, EchoMessage())
    await connection.until(.transientFailure)
    let waiting = Task {
      try await connection.call(EchoService.echo, EchoMessage(), options: Self.patient)
    }
    await other.until(.idle)
    loop.shutdown()
    #expect(await waiting.error?.code == .unavailable)
    #expect(connection.state == .shutdown)
    let error = await #expect(throws: RPCError.self) {
      try await other.call(EchoService.echo, EchoMessage(), options: Self.patient)
    }
    #expect(error?.code == .unavailable)
  }

  @Test func `a connection that drains has its calls in flight answered and takes no more`()
    async throws
  {
    let place = try Revenant()
    let gate = Gate()
    let server = try place.start(gate.service)
    let connection = try await place.connect()
    async let first = connection.call(EchoService.echo, EchoMessage(number: 1))
    await gate.untilBegun()
    async let drained: Void = connection.drain(within: .seconds(30))
    await connection.until(.shutdown)
    let error = await #expect(throws: RPCError.self) {
      try await connection.call(EchoService.echo, EchoMessage())
    }
    #expect(error?.wasNotBegun == true)
    gate.release()
    #expect(try await first.number == 1)
    await drained
    try await server.end()
  }

  @Test func `calls in flight fail when the time to drain is over`() async throws {
    let place = try Revenant()
    let gate = Gate()
    let server = try place.start(gate.service)
    let connection = try await place.connect()
    let call = Task { try await connection.call(EchoService.echo, EchoMessage()) }
    await gate.untilBegun()
    await connection.drain(within: .milliseconds(10))
    #expect(await call.error?.code == .unavailable)
    try await server.end()
  }

  @Test func `interceptors see calls that wait, and who answers them`() async throws {
    struct Witness: ClientInterceptor {
      let methods = AsyncStream<String>.makeStream()
      nonisolated(nonsending) func intercept(
        _ call: InterceptedCall, info: ReplyInfo,
        next: (InterceptedCall) async throws -> Void
      ) async throws {
        methods.continuation.yield(call.method)
        try await next(call)
      }
    }
    let place = try Revenant()
    let server = try place.start(StreamService())
    let witness = Witness()
    let connection = try await place.connect { $0.interceptors = [witness] }
    try await server.end()
    async let reply = connection.call(
      StreamService.echo, EchoMessage(number: 3), options: Self.patient)
    let replies = connection.serverStream(
      StreamService.count, EchoMessage(number: 2), options: Self.patient)
    var seen = witness.methods.stream.makeAsyncIterator()
    let methods = [await seen.next(), await seen.next()]
    #expect(Set(methods) == ["test.Stream/Echo", "test.Stream/Count"])
    let again = try place.start(StreamService())
    #expect(try await reply.number == 3)
    #expect(try await replies.reduce(0) { $0 + $1.number } == 1)
    connection.close()
    try await again.end()
  }

  @Test func `reconnecting is told in the log, and failing to once at notice`() async throws {
    let place = try Revenant()
    let server = try place.start()
    let log = Log()
    let connection = try await place.connect { $0.logger = log.logger }
    try await server.end()
    async let reply = connection.call(EchoService.echo, EchoMessage(), options: Self.patient)
    await connection.until(.transientFailure)
    let again = try place.start()
    _ = try await reply
    connection.close()
    #expect(log.lines.count { $0 == "notice cannot connect again" } == 1)
    #expect(log.lines.count { $0 == "debug connected to unix:\(place.path)" } == 2)
    try await again.end()
  }
}

extension Task where Failure == any Error {
  /// Why the call failed; nil when it did not.
  var error: RPCError? {
    get async {
      do {
        _ = try await value
        return nil
      } catch {
        return error as? RPCError
      }
    }
  }
}

extension Connection {
  /// Waits until so many watch the states.
  func untilObserved(_ count: Int) async {
    while route.observerCount < count { await Task.yield() }
  }
}
