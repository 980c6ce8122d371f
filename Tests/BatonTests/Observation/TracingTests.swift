import Baton
import BatonTracing
import InMemoryTracing
import Testing
import Tracing

/// A tracer of all spans, and connections that have them made.
struct Traces {
  let tracer = InMemoryTracer()

  /// Runs `body` with a client of a server, both of which trace.
  func during(
    _ service: StreamService = StreamService(), _ body: (Connection) async throws -> Void
  ) async throws {
    try await withStreams(
      service, options: ServerOptions(interceptors: [ServerTracing(tracer: tracer)]),
      connection: ConnectionOptions(interceptors: [ClientTracing(tracer: tracer)]), body)
  }

  /// Those that have ended, one below the other: `client test.Stream/Echo > server test.Stream/Echo`.
  var paths: [String] {
    let spans = tracer.finishedSpans
    let byID = Dictionary(uniqueKeysWithValues: spans.map { ($0.spanID, $0) })
    func path(_ span: FinishedInMemorySpan) -> String {
      let name = "\(span.kind) \(span.operationName)"
      guard let parent = span.parentSpanID else { return name }
      return "\(byID[parent].map(path) ?? "?") > \(name)"
    }
    return spans.map(path).sorted()
  }

  func span(_ kind: SpanKind, _ name: String) throws -> FinishedInMemorySpan {
    try #require(
      tracer.finishedSpans.first { $0.kind == kind && $0.operationName == name }, "\(paths)")
  }
}

extension FinishedInMemorySpan {
  fileprivate var texts: [String: String] {
    let names = ["rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type"]
    var texts: [String: String] = [:]
    for name in names {
      if case .string(let text)? = attributes.get(name) { texts[name] = text }
    }
    #expect(texts.count == attributes.count)
    return texts
  }
}

@Suite(.timeLimit(.minutes(1))) struct TracingTests {
  @Test func `a call is a span at each end, the server's below the client's`() async throws {
    let traces = Traces()
    try await traces.during { _ = try await $0.call(StreamService.echo, EchoMessage()) }
    let name = "test.Stream/Echo"
    #expect(traces.paths == ["client \(name)", "client \(name) > server \(name)"])
    for kind in [SpanKind.client, .server] {
      let span = try traces.span(kind, name)
      #expect(
        span.texts == [
          "rpc.system.name": "baton", "rpc.method": name, "rpc.response.status_code": "OK",
        ])
      #expect(span.status == nil)
      #expect(span.errors.isEmpty)
    }
  }

  @Test func `calls of every kind are traced`() async throws {
    let traces = Traces()
    try await traces.during { connection in
      _ = try await connection.call(StreamService.echo, EchoMessage())
      for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 2)) {}
      _ = try await connection.clientStream(StreamService.sum) { try await $0.write(EchoMessage()) }
      try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
        requests.finish()
        for try await _ in replies {}
      }
    }
    #expect(traces.tracer.activeSpans.isEmpty)
    #expect(
      traces.paths
        == ["Chat", "Count", "Echo", "Sum"].map { "test.Stream/\($0)" }
        .flatMap { ["client \($0)", "client \($0) > server \($0)"] })
  }

  @Test func `a call that a handler makes to another server belongs to the same trace`()
    async throws
  {
    let traces = Traces()
    try await traces.during { backend in
      var service = StreamService()
      service.count = { request, replies, _ in
        try await replies.write(try await backend.call(StreamService.echo, request))
      }
      try await traces.during(service) { connection in
        try await traces.tracer.withSpan("shopping") { _ in
          for try await _ in connection.serverStream(StreamService.count, EchoMessage()) {}
        }
      }
    }
    var path = "internal shopping"
    var expected = [path]
    for name in [
      "client test.Stream/Count", "server test.Stream/Count", "client test.Stream/Echo",
      "server test.Stream/Echo",
    ] {
      path += " > \(name)"
      expected.append(path)
    }
    #expect(traces.paths == expected)
    #expect(Set(traces.tracer.finishedSpans.map(\.traceID)).count == 1)
  }

  @Test func `spans that a handler makes lie below its call's, and no other's`() async throws {
    let traces = Traces()
    var service = StreamService()
    service.echo = { request, _ in
      traces.tracer.withSpan("work \(request.number)") { _ in request }
    }
    try await traces.during(service) { connection in
      // The second runs in the task that the first one ran in.
      for number in [1, 2] as [UInt64] {
        _ = try await connection.call(StreamService.echo, EchoMessage(number: number))
      }
    }
    let call = "client test.Stream/Echo > server test.Stream/Echo"
    #expect(
      traces.paths.filter { $0.contains("work") } == [
        "\(call) > internal work 1", "\(call) > internal work 2",
      ])
    #expect(Set(traces.tracer.finishedSpans.map(\.traceID)).count == 2)
  }

  @Test(arguments: [(RPCError.Code.dataLoss, true), (.notFound, false)])
  func `an error is recorded at both ends, and is a server's failure where it is its fault`(
    code: RPCError.Code, isServerFault: Bool
  ) async throws {
    let traces = Traces()
    var service = StreamService()
    service.echo = { _, _ in throw RPCError(code, "as asked") }
    try await traces.during(service) { connection in
      _ = try? await connection.call(StreamService.echo, EchoMessage())
    }
    for kind in [SpanKind.client, .server] {
      let span = try traces.span(kind, "test.Stream/Echo")
      #expect(span.errors.map { ($0.error as? RPCError)?.code } == [code])
      #expect(span.texts["rpc.response.status_code"] == code.description)
      let hasFailed = kind == .client || isServerFault
      #expect(span.texts["error.type"] == (hasFailed ? code.description : nil))
      #expect(span.status?.code == (hasFailed ? .error : nil))
    }
  }

  @Test func `the error behind UNKNOWN stays in the server's span`() async throws {
    struct Secret: Error {}
    let traces = Traces()
    var service = StreamService()
    service.echo = { _, _ in throw Secret() }
    try await traces.during(service) { connection in
      _ = try? await connection.call(StreamService.echo, EchoMessage())
    }
    let server = try traces.span(.server, "test.Stream/Echo")
    #expect(server.errors.map { $0.error is Secret } == [true])
    #expect(server.texts["rpc.response.status_code"] == "UNKNOWN")
    let client = try traces.span(.client, "test.Stream/Echo")
    #expect(client.errors.map { $0.error is Secret } == [false])
  }

  @Test func `the span of a stream that is left ends as cancelled`() async throws {
    let traces = Traces()
    var service = StreamService()
    service.count = { _, replies, _ in while true { try await replies.write(EchoMessage()) } }
    try await traces.during(service) { connection in
      for try await _ in connection.serverStream(StreamService.count, EchoMessage()) { break }
      while traces.tracer.finishedSpans.count < 2 { await Task.yield() }
    }
    for kind in [SpanKind.client, .server] {
      let span = try traces.span(kind, "test.Stream/Count")
      #expect(span.texts["rpc.response.status_code"] == "CANCELLED")
    }
  }

  @Test func `a handler sees the caller's metadata beside the trace's`() async throws {
    let traces = Traces()
    let seen = Notes()
    var service = StreamService()
    service.echo = { request, context in
      for entry in context.metadata.entries { seen.add(entry.key) }
      return request
    }
    try await traces.during(service) { connection in
      _ = try await connection.call(
        StreamService.echo, EchoMessage(), options: CallOptions(metadata: ["own": "x"]))
    }
    #expect(
      seen.all.sorted() == [InMemoryTracer.spanIDKey, InMemoryTracer.traceIDKey, "own"].sorted())
  }

  @Test func `what a tracer says goes with the call as far as metadata can hold it`() async throws {
    let seen = Notes()
    var service = StreamService()
    service.echo = { request, context in
      for entry in context.metadata.entries { seen.add("\(entry.key)=\(entry.value)") }
      return request
    }
    let tracing = ClientTracing(tracer: LoudTracer())
    try await withStreams(service, connection: ConnectionOptions(interceptors: [tracing])) {
      _ = try await $0.call(StreamService.echo, EchoMessage())
    }
    #expect(seen.all == [#"x-b3-traceid=text("80f1")"#])
  }

  @Test func `without a tracer of their own they use the process's, and pass where there is none`()
    async throws
  {
    try await withStreams(
      options: ServerOptions(interceptors: [ServerTracing()]),
      connection: ConnectionOptions(interceptors: [ClientTracing()])
    ) { connection in
      let reply = try await connection.call(StreamService.echo, EchoMessage(number: 3))
      #expect(reply.number == 3)
      let tracer = InMemoryTracer()
      try await withTracer(tracer) {
        _ = try await connection.call(StreamService.echo, EchoMessage())
      }
      #expect(tracer.finishedSpans.map(\.kind) == [.client])
    }
  }
}

/// Says what metadata can hold, under a name with capitals, and what it cannot.
private struct LoudTracer: Tracer {
  private let tracer = NoOpTracer()

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> NoOpTracer.NoOpSpan {
    tracer.startSpan(
      operationName, context: context(), ofKind: kind, at: instant(), function: function,
      file: fileID, line: line)
  }

  func forceFlush() {}

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {}

  func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    injector.inject("80f1", forKey: "X-B3-TraceId", into: &carrier)
    injector.inject("grün", forKey: "baggage", into: &carrier)
    injector.inject("x", forKey: "no header", into: &carrier)
    injector.inject("x", forKey: "trace-bin", into: &carrier)
  }
}
