import Baton
import BatonMessages
import CoreMetrics
import Glibc
import Logging
import MetricsTestKit
import SystemPackage
import Testing

/// What a server and a client count.
struct Counts {
  let server = TestMetrics()
  let client = TestMetrics()

  /// Runs `body` with a client of a server, both of which count.
  func during(
    _ service: StreamService = StreamService(), callsPerConnection: Int = 1024,
    _ body: (Connection) async throws -> Void
  ) async throws {
    try await withStreams(
      service,
      options: ServerOptions(callsPerConnection: callsPerConnection, metrics: server),
      connection: ConnectionOptions(metrics: client), body)
    // The client's connection ends in its own time.
    while client.meter("baton.client.active_connections") != 0 { await Task.yield() }
  }
}

extension TestMetrics {
  func total(_ label: String) -> Int64 { counterTotal(label: label) }

  /// The sum over all labels.
  func meter(_ label: String) -> Double {
    meters(label: label).reduce(0) { $0 + ($1.lastValue ?? 0) }
  }

  /// How many calls ended, as `test.Stream/Echo OK`.
  func calls(_ side: String) -> [String: Int] {
    var calls: [String: Int] = [:]
    for timer in timers(label: "rpc.\(side).call.duration") {
      let labels = Dictionary(uniqueKeysWithValues: timer.dimensions)
      calls["\(labels["rpc.method"]!) \(labels["rpc.response.status_code"]!)", default: 0] +=
        timer.values.count
    }
    return calls
  }
}

@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
  private static func failing(_ code: RPCError.Code) -> StreamService {
    var service = StreamService()
    service.echo = { _, _ in throw RPCError(code, "as asked") }
    return service
  }

  @Test func `calls of every kind are counted once at each end, by method and code`() async throws {
    let counts = Counts()
    try await counts.during { connection in
      for _ in 0..<3 { _ = try await connection.call(StreamService.echo, EchoMessage()) }
      for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 5)) {}
      _ = try await connection.clientStream(StreamService.sum) { requests in
        try await requests.write(EchoMessage(number: 1))
      }
      try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
        requests.finish()
        for try await _ in replies {}
      }
    }
    let expected = [
      "test.Stream/Echo OK": 3, "test.Stream/Count OK": 1, "test.Stream/Sum OK": 1,
      "test.Stream/Chat OK": 1,
    ]
    #expect(counts.server.calls("server") == expected)
    #expect(counts.client.calls("client") == expected)
    #expect(counts.server.meter("baton.server.active_calls") == 0)
    #expect(counts.client.meter("baton.client.active_calls") == 0)
    #expect(counts.server.timers.flatMap(\.values).allSatisfy { $0 > 0 })
  }

  @Test(arguments: [RPCError.Code.notFound, .internal, RPCError.Code(rawValue: 77)])
  func `a call that fails has its code, and an error's type where it is the end's fault`(
    _ code: RPCError.Code
  ) async throws {
    let counts = Counts()
    try await counts.during(Self.failing(code)) { connection in
      await #expect(throws: RPCError.self) {
        try await connection.call(StreamService.echo, EchoMessage())
      }
    }
    let name = code.rawValue == 77 ? "_OTHER" : code.description
    let labels = [
      ("rpc.system.name", "baton"), ("rpc.method", "test.Stream/Echo"),
      ("rpc.response.status_code", name),
    ]
    let fault = [("error.type", name)]
    let ofServer = try counts.server.expectTimer(
      "rpc.server.call.duration", labels + (code == .internal ? fault : []))
    let ofClient = try counts.client.expectTimer("rpc.client.call.duration", labels + fault)
    #expect(ofServer.values.count == 1)
    #expect(ofClient.values.count == 1)
  }

  @Test func `a call in flight is counted as long as it is`() async throws {
    let counts = Counts()
    var service = StreamService()
    let (gate, open) = AsyncStream<Void>.makeStream()
    let begun = Events()
    service.echo = { request, _ in
      begun.happened(.begun)
      for await _ in gate { break }
      return request
    }
    try await counts.during(service) { connection in
      async let reply = connection.call(StreamService.echo, EchoMessage())
      _ = await begun.next()
      let labels = [("rpc.method", "test.Stream/Echo")]
      #expect(try counts.server.expectMeter("baton.server.active_calls", labels).lastValue == 1)
      #expect(try counts.client.expectMeter("baton.client.active_calls", labels).lastValue == 1)
      #expect(counts.server.meter("baton.server.active_connections") == 1)
      open.yield()
      _ = try await reply
      #expect(try counts.server.expectMeter("baton.server.active_calls", labels).lastValue == 0)
      #expect(try counts.client.expectMeter("baton.client.active_calls", labels).lastValue == 0)
    }
    #expect(counts.server.meter("baton.server.active_connections") == 0)
  }

  @Test func `cancelled, timed out and lost calls are counted at both ends`() async throws {
    let counts = Counts()
    var service = StreamService()
    let begun = Events()
    service.echo = { _, _ in
      begun.happened(.begun)
      await begun.untilCancelled()
      throw CancellationError()
    }
    try await counts.during(service) { connection in
      let cancelled = Task { try await connection.call(StreamService.echo, EchoMessage()) }
      _ = await begun.next()
      cancelled.cancel()
      _ = try? await cancelled.value
      _ = try? await connection.call(
        StreamService.echo, EchoMessage(), options: CallOptions(timeout: .milliseconds(20)))
      _ = await begun.next()
      let lost = Task { try await connection.call(StreamService.echo, EchoMessage()) }
      _ = await begun.next()
      connection.close()
      _ = try? await lost.value
    }
    let client = counts.client.calls("client")
    #expect(
      client == [
        "test.Stream/Echo CANCELLED": 1, "test.Stream/Echo DEADLINE_EXCEEDED": 1,
        "test.Stream/Echo UNAVAILABLE": 1,
      ])
    // Which of its deadline and the client's cancellation the server sees first is chance.
    let server = counts.server.calls("server")
    #expect(server.values.reduce(0, +) == 3)
    #expect(
      server.keys.allSatisfy { $0.hasSuffix("CANCELLED") || $0.hasSuffix("DEADLINE_EXCEEDED") })
    #expect(counts.server.meter("baton.server.active_calls") == 0)
    #expect(counts.client.meter("baton.client.active_calls") == 0)
  }

  @Test func `a stream that its caller leaves is counted as cancelled`() async throws {
    let counts = Counts()
    try await counts.during { connection in
      for try await _ in connection.serverStream(
        StreamService.count, EchoMessage(number: 1_000_000))
      {
        break
      }
    }
    #expect(counts.client.calls("client") == ["test.Stream/Count CANCELLED": 1])
    #expect(counts.server.calls("server") == ["test.Stream/Count CANCELLED": 1])
  }

  @Test func `unknown methods and refused calls are counted without a name of the caller's choice`()
    async throws
  {
    let counts = Counts()
    try await counts.during(callsPerConnection: 0) { connection in
      for name in ["One", "Two"] {
        _ = try? await connection.call(
          Method<EchoMessage, EchoMessage>("test.None", name), EchoMessage())
      }
      _ = try? await connection.call(StreamService.echo, EchoMessage())
    }
    #expect(
      counts.server.calls("server") == [
        "_OTHER RESOURCE_EXHAUSTED": 2, "test.Stream/Echo RESOURCE_EXHAUSTED": 1,
      ])
  }

  @Test func `handlers on the loop and blocking clients are counted, too`() async throws {
    let (server, client) = (TestMetrics(), TestMetrics())
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    try await onOwnThread {
      let serving = Server(
        address: "unix:\(path)", services: [EchoService()],
        options: ServerOptions(metrics: server))
      try serving.bind()
      // Not on this thread, which the client blocks.
      let loop = try EventLoop()
      defer { loop.shutdown() }
      let running = Task(executorPreference: loop) { try await serving.run() }
      let connection = try SynchronousConnection.connect(
        to: Address("unix:\(path)"), options: ConnectionOptions(metrics: client))
      let file = try Descriptor.open("/dev/null")
      _ = try connection.call(EchoService.direct, EchoMessage(files: [file]))
      #expect(throws: RPCError.self) {
        try connection.call(Method<EchoMessage, EchoMessage>("test.Echo", "None"), EchoMessage())
      }
      connection.close()
      running.cancel()
      try await running.value
    }
    #expect(
      server.calls("server") == ["test.Echo/Direct OK": 1, "_OTHER UNIMPLEMENTED": 1])
    #expect(
      client.calls("client") == ["test.Echo/Direct OK": 1, "test.Echo/None UNIMPLEMENTED": 1])
    #expect(client.total("baton.client.received_descriptors") == 1)
    #expect(client.total("baton.client.unclaimed_descriptors") == 0)
    #expect(client.total("baton.client.sent_bytes") == server.total("baton.server.received_bytes"))
    #expect(client.meter("baton.client.active_connections") == 0)
  }

  @Test func `a byte that one end sends is one that the other receives`() async throws {
    let counts = Counts()
    let (server, client) = (counts.server, counts.client)
    try await counts.during { connection in
      let large = [UInt8](repeating: 7, count: 1 << 20)
      let reply = try await connection.call(StreamService.echo, EchoMessage(payload: large))
      #expect(reply.payload.count == large.count)
      // What was sent is counted when it has left, which the other end may be ahead of.
      while client.total("baton.client.received_bytes") != server.total("baton.server.sent_bytes") {
        await Task.yield()
      }
    }
    #expect(client.total("baton.client.sent_bytes") > 1 << 20)
    #expect(client.total("baton.client.sent_bytes") == server.total("baton.server.received_bytes"))
  }

  @Test func `descriptors that fields claim are received, and none is unclaimed`() async throws {
    let counts = Counts()
    try await counts.during { connection in
      let file = try Descriptor.open("/dev/null")
      let message = EchoMessage(number: 2, files: [file, file, file])
      _ = try await connection.call(StreamService.echo, message)
      for try await _ in connection.serverStream(StreamService.count, message) {}
    }
    #expect(counts.server.total("baton.server.received_descriptors") == 6)
    #expect(counts.client.total("baton.client.received_descriptors") == 9)
    #expect(counts.server.total("baton.server.unclaimed_descriptors") == 0)
    #expect(counts.client.total("baton.client.unclaimed_descriptors") == 0)
  }

  /// Messages with two descriptors that are closed without having reached a handler.
  enum Stray: CaseIterable {
    case namedByNoField, ofAnUnknownField, againstTheContract, ofAnUnknownMethod, twice

    var request: RawFrame {
      switch self {
      case .namedByNoField: .request(1, "Count", descriptors: 2)
      // Field 9, of a newer schema.
      case .ofAnUnknownField:
        .request(1, "Count", message: [0x4a, 2, 1, 2], descriptors: 2)
      // The first is claimed before the second, no socket either, is refused.
      case .againstTheContract:
        .request(1, "Count", message: Parcels.files([1]) + Parcels.sockets([2]), descriptors: 2)
      case .ofAnUnknownMethod:
        .request(1, "None", message: Parcels.files([1, 2]), descriptors: 2)
      case .twice: .request(1, "Count", message: Parcels.files([1, 1]), descriptors: 2)
      }
    }
  }

  @Test(arguments: Stray.allCases)
  func `a descriptor that reaches no handler is counted as unclaimed`(_ stray: Stray) async throws {
    let metrics = TestMetrics()
    try await serveRawClient(ServerOptions(metrics: metrics)) { client in
      let pipe = try WatchedPipe()
      try client.send(stray.request.bytes, descriptors: [pipe.writing, pipe.writing])
      await pipe.untilClosed()
    }
    #expect(metrics.total("baton.server.received_descriptors") == 2)
    #expect(metrics.total("baton.server.unclaimed_descriptors") == 2)
  }

  @Test func `descriptors of a message whose rest never comes are unclaimed`() async throws {
    let metrics = TestMetrics()
    try await serveRawClient(ServerOptions(metrics: metrics)) { client in
      let pipe = try WatchedPipe()
      let fragment = RawFrame(8, call: 1, message: [0]).with { $0.descriptors = 1 }
      try client.send(fragment.bytes, descriptors: [pipe.writing])
      client.leave()
      await pipe.untilClosed()
    }
    #expect(metrics.total("baton.server.unclaimed_descriptors") == 1)
  }

  @Test func `the system's factory counts where none is given`() async throws {
    let metrics = TestMetrics()
    try await withMetricsFactory(metrics) {
      try await withStreams { connection in
        _ = try await connection.call(StreamService.echo, EchoMessage())
      }
    }
    #expect(metrics.calls("server") == ["test.Stream/Echo OK": 1])
    #expect(metrics.calls("client") == ["test.Stream/Echo OK": 1])
  }

  @Test func `where nobody listens there is nothing that would count`() {
    #expect(MetricsSystem.listening(nil) == nil)
    #expect(MetricsSystem.listening(NOOPMetricsHandler.instance) == nil)
    #expect(MetricsSystem.listening(TestMetrics()) != nil)
    #expect(ServedCallObserver(nil, ServerOptions().logger) == nil)
    #expect(ServedCallObserver(nil, Log(.info).logger) == nil)
    #expect(ServedCallObserver(nil, Log(.debug).logger) != nil)
  }
}
