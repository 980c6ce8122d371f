import Baton
import BatonMessages
import Foundation
import InMemoryLogging
import Logging
import Testing

/// A log, and what was written to it.
struct Log {
  private let handler = InMemoryLogHandler()
  let logger: Logger

  init(_ level: Logger.Level = .debug) {
    let handler = handler
    var logger = Logger(label: "test") { _ in handler }
    logger.logLevel = level
    self.logger = logger
  }

  var entries: [InMemoryLogHandler.Entry] { handler.entries }

  /// `debug call begun test.Stream/Echo`.
  var lines: [String] {
    entries.map { entry in
      let method = entry.metadata["method"].map { " \($0)" } ?? ""
      let code = entry.metadata["code"].map { " \($0)" } ?? ""
      return "\(entry.level) \(entry.message)\(method)\(code)"
    }
  }

  func entry(_ message: String) throws -> InMemoryLogHandler.Entry {
    try #require(entries.first { "\($0.message)".contains(message) }, "\(lines)")
  }

  /// Waits until something was written that the other end has no part in.
  func until(_ message: String) async {
    while !lines.contains(where: { $0.contains(message) }) { await Task.yield() }
  }
}

@Suite(.timeLimit(.minutes(1))) struct LogTests {
  /// Runs `body` with a client of a server that logs to `log`.
  private static func serving(
    _ log: Log, _ service: StreamService = StreamService(), options: ServerOptions? = nil,
    _ body: (Connection) async throws -> Void
  ) async throws {
    var options = options ?? ServerOptions()
    options.logger = log.logger
    try await withStreams(service, options: options, body)
  }

  @Test func `a handler's logger says which call it answers, and whose`() async throws {
    let log = Log()
    var service = StreamService()
    service.echo = { request, context in
      context.logger.info("asked")
      return request
    }
    try await Self.serving(log, service) { connection in
      _ = try await connection.call(StreamService.echo, EchoMessage())
      let trace = "0af7651916cd43dd8448eb211c80319c"
      _ = try await connection.call(
        StreamService.echo, EchoMessage(),
        options: CallOptions(metadata: ["traceparent": .text("00-\(trace)-b7ad6b7169203331-01")]))
    }
    let asked = log.entries.filter { $0.message == "asked" }.map(\.metadata)
    try #require(asked.count == 2)
    #expect(asked.map { $0["method"] } == ["test.Stream/Echo", "test.Stream/Echo"])
    #expect(asked.map { $0["call"] } == ["1", "2"])
    #expect(asked.map { $0["trace_id"] } == [nil, "0af7651916cd43dd8448eb211c80319c"])
    for metadata in asked {
      #expect(metadata["pid"] == "\(getpid())")
      #expect(metadata["uid"] == "\(geteuid())")
      #expect(metadata["connection"] == asked[0]["connection"])
    }
  }

  @Test func `a connection is named by its socket's inode, as the system's tools name it`()
    async throws
  {
    let log = Log()
    try await Self.serving(log) { connection in
      _ = try await connection.call(StreamService.echo, EchoMessage())
      let number = try #require(try log.entry("connection accepted").metadata["connection"])
      #expect(OpenNumbers.names().contains { $0.hasSuffix("socket:[\(number)]") })
    }
  }

  @Test func `connections and calls of every kind are told at debug, with code and duration`()
    async throws
  {
    let log = Log()
    var service = StreamService()
    service.echo = { _, _ in throw RPCError(.notFound, "none") }
    try await Self.serving(log, service) { connection in
      _ = try? await connection.call(StreamService.echo, EchoMessage())
      for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 1)) {}
      _ = try await connection.clientStream(StreamService.sum) { _ in }
      try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
        requests.finish()
        for try await _ in replies {}
      }
    }
    let calls = ["Echo", "Count", "Sum", "Chat"].flatMap { name in
      [
        "debug call begun test.Stream/\(name)",
        "debug call answered test.Stream/\(name) \(name == "Echo" ? "NOT_FOUND" : "OK")",
      ]
    }
    #expect(
      log.lines == ["debug connection accepted"] + calls + ["debug connection ended"])
    let duration = try #require(try log.entry("call answered").metadata["duration"])
    #expect("\(duration)".hasSuffix("seconds"))
  }

  @Test func `above debug nothing is told of calls that go as they should`() async throws {
    let log = Log(.info)
    try await Self.serving(log) { connection in
      _ = try await connection.call(StreamService.echo, EchoMessage())
    }
    #expect(log.lines == [])
  }

  @Test func `a call that the policy refuses is told at notice`() async throws {
    let log = Log(.notice)
    let never = AccessPolicy.check("nobody") { _ in false }
    let options = ServerOptions(methodPolicies: ["test.Stream/Sum": never])
    try await Self.serving(log, options: options) { connection in
      _ = try? await connection.clientStream(StreamService.sum) { _ in }
    }
    #expect(log.entries.map(\.level) == [.notice])
    let entry = try log.entry("refused a call: PERMISSION_DENIED")
    #expect(entry.metadata["method"] == "test.Stream/Sum")
    #expect(entry.metadata["uid"] == "\(geteuid())")
  }

  @Test(arguments: [Logger.Level.debug, .info])
  func `whatever else is refused is told at debug, as any peer may ask for it without end`(
    level: Logger.Level
  ) async throws {
    let log = Log(level)
    let begun = Events()
    var service = StreamService()
    service.echo = { request, _ in
      begun.happened(.begun)
      await begun.untilCancelled()
      return request
    }
    try await Self.serving(log, service, options: ServerOptions(callsPerConnection: 1)) {
      connection in
      let none = Method<EchoMessage, EchoMessage>("test.Stream", "None")
      _ = try? await connection.call(none, EchoMessage())
      _ = try? await connection.call(StreamService.sum, EchoMessage())
      let waiting = Task { try await connection.call(StreamService.echo, EchoMessage()) }
      _ = await begun.next()
      _ = try? await connection.call(StreamService.echo, EchoMessage())
      waiting.cancel()
    }
    let refusals = log.entries.filter { "\($0.message)".hasPrefix("refused a call") }
    #expect(refusals.allSatisfy { $0.level == .debug })
    #expect(
      refusals.map(\.metadata["method"])
        == (level == .debug ? ["unknown", "test.Stream/Sum", "test.Stream/Echo"] : []))
    let codes = ["UNIMPLEMENTED", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED"]
    for (entry, code) in zip(refusals, codes) {
      #expect("\(entry.message)".hasPrefix("refused a call: \(code)"))
    }
  }

  @Test func `a connection that is refused is told at notice, with who asked`() async throws {
    let log = Log(.notice)
    let never = AccessPolicy.check("nobody") { _ in false }
    try await withOwnLoop { loop in
      let server = Server(
        addresses: [], services: [], options: ServerOptions(policy: never, logger: log.logger))
      let running = Task(executorPreference: loop) { try await server.run() }
      _ = try? await server.connect()
      running.cancel()
      try await running.value
    }
    let entry = try log.entry("refused a connection")
    #expect(entry.level == .notice)
    #expect(entry.metadata["uid"] == "\(geteuid())")
  }

  @Test func `a client that breaks the protocol is told at warning`() async throws {
    let log = Log(.warning)
    try await serveRawClient(ServerOptions(logger: log.logger)) { client in
      try client.send(RawFrame(99).bytes)
      while try await client.receive() != nil {}
    }
    #expect(log.entries.map(\.level) == [.warning])
    #expect(try log.entry("the peer broke the protocol").metadata["pid"] == "\(getpid())")
  }

  @Test func `a client tells that it is connected and that the connection has ended`() async throws
  {
    let log = Log()
    try await withStreams(connection: ConnectionOptions(logger: log.logger)) { connection in
      _ = try await connection.call(StreamService.echo, EchoMessage())
      connection.close()
      await log.until("connection ended")
    }
    #expect(
      log.lines == [
        "debug connected to the server in this process", "debug connection ended",
      ])
    #expect(
      try log.entry("connection ended").metadata["reason"]
        == "the connection was closed by this end")
  }

  @Test(arguments: [true, false])
  func `a client warns of a server that breaks the protocol`(isBlocking: Bool) async throws {
    let log = Log()
    let (attacker, other) = try RawPeer.pair()
    try attacker.send(RawFrame.hello.bytes)
    let (address, options) = (try Address("fd:\(other)"), ConnectionOptions(logger: log.logger))
    if isBlocking {
      let client = try SynchronousConnection.connect(to: address, options: options)
      try attacker.send(RawFrame(99).bytes)
      #expect(throws: RPCError.self) { try client.call(Parcels.echo, Parcel()) }
    } else {
      let client = try await Connection.connect(to: address, options: options)
      try attacker.send(RawFrame(99).bytes)
      await log.until("warning")
      client.close()
    }
    #expect(log.entries.filter { $0.level == .warning }.count == 1)
    #expect(try log.entry("broke the protocol").metadata["pid"] == "\(getpid())")
  }
}
