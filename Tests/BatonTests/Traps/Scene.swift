import Baton
import Glibc
import Testing

/// A server in this process, a raw peer that attacks it, and a client that must not notice.
struct ServerScene {
  let attacker: RawPeer
  let bystander: Connection
  let events: Events

  /// Runs a scene, then asserts that the bystander's calls still work and no number is left open.
  static func run(
    greeted: Bool = true, options: ServerOptions = ServerOptions(),
    _ body: @Sendable (ServerScene) async throws -> Void
  ) async throws {
    let before = OpenNumbers.names()
    try await play(greeted: greeted, options: options, body)
    await OpenNumbers.expect(before)
  }

  private static func play(
    greeted: Bool, options: ServerOptions, _ body: @Sendable (ServerScene) async throws -> Void
  ) async throws {
    let (attacker, other) = try RawPeer.pair()
    let service = ParcelService()
    let server = Server(address: "fd:\(other)", services: [service], options: options)
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run() }
      let bystander = try await server.connect()
      if greeted {
        try attacker.send(RawFrame.hello.bytes)
        _ = try await attacker.receive()
      }
      try await body(
        ServerScene(attacker: attacker, bystander: bystander, events: service.events))
      let echo = try await bystander.call(Parcels.echo, Parcel(number: 7))
      #expect(echo.number == 7, "another connection's calls still work")
      bystander.close()
      attacker.leave()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  /// The frames that answer calls, by their numbers. The descriptors that come are closed.
  func answers(_ calls: UInt32...) async throws -> [UInt32: ReceivedFrame] {
    var answers: [UInt32: ReceivedFrame] = [:]
    while calls.contains(where: { answers[$0] == nil }) {
      let packet = try #require(try await attacker.receive(), "the connection ended")
      for number in packet.descriptors { close(number) }
      for frame in ReceivedFrame.all(in: packet.bytes) { answers[frame.call] = frame }
    }
    return answers
  }

  /// Asserts that the connection ends, with a GOODBYE that names the fault.
  func expectGoodbye(_ fault: String, _ comment: Comment) async throws {
    var frames: [ReceivedFrame] = []
    while let packet = try await attacker.receive() {
      frames += ReceivedFrame.all(in: packet.bytes)
    }
    let goodbye = try #require(frames.last { $0.kind == 6 }, comment)
    // Status is field 1 of Goodbye, and INTERNAL (13) field 1 of that.
    #expect(goodbye.head.count > 4 && Array(goodbye.head[2..<4]) == [0x08, 13], comment)
    #expect(goodbye.text.contains(fault), comment)
  }
}

/// A client in this process and a raw peer that plays its server.
struct ClientScene {
  let attacker: RawPeer
  let client: Connection

  /// Runs a scene, then asserts that no number is left open.
  static func run(_ body: @Sendable (ClientScene) async throws -> Void) async throws {
    let before = OpenNumbers.names()
    try await play(body)
    await OpenNumbers.expect(before)
  }

  private static func play(_ body: @Sendable (ClientScene) async throws -> Void) async throws {
    let (attacker, other) = try RawPeer.pair()
    try attacker.send(RawFrame.hello.bytes)
    let client = try await Connection.connect(to: Address("fd:\(other)"))
    _ = try await attacker.receive()
    try await body(ClientScene(attacker: attacker, client: client))
    client.close()
  }

  /// Starts a call.
  func begin(
    _ method: Baton.Method<Parcel, Parcel>, _ parcel: Parcel = Parcel(),
    options: CallOptions = CallOptions()
  ) -> Task<Outcome, Never> {
    Task { [client] in
      do throws(RPCError) {
        return Outcome(reply: try await client.call(method, parcel, options: options))
      } catch {
        return Outcome(error: error)
      }
    }
  }

  /// The first outcome there is.
  func first(of calls: [Task<Outcome, Never>]) async -> Outcome? {
    let (outcomes, continuation) = AsyncStream<Outcome>.makeStream()
    for call in calls { Task { continuation.yield(await call.value) } }
    var iterator = outcomes.makeAsyncIterator()
    return await iterator.next()
  }

  /// The next `count` requests. Their descriptors are closed.
  func requests(_ count: Int) async throws -> [ReceivedFrame] {
    var requests: [ReceivedFrame] = []
    while requests.count < count {
      let packet = try #require(try await attacker.receive(), "the connection ended")
      for number in packet.descriptors { close(number) }
      requests += ReceivedFrame.all(in: packet.bytes).filter { $0.kind == 2 }
    }
    return requests
  }

  /// Answers every request until the connection ends.
  func answerAll(_ frame: (UInt32) -> RawFrame) async throws {
    while let packet = try await attacker.receive() {
      for number in packet.descriptors { close(number) }
      for request in ReceivedFrame.all(in: packet.bytes) where request.kind == 2 {
        try attacker.send(frame(request.call).bytes)
      }
    }
  }

  /// Answers the next request, and those in the same packet, with what `frame` makes of their
  /// numbers.
  func answer(descriptors: [Int32] = [], _ frame: (UInt32) -> RawFrame) async throws {
    let answers = try await requests(1).flatMap { frame($0.call).bytes }
    try attacker.send(answers, descriptors: descriptors)
  }
}

/// How a call ended: with a reply or an error.
struct Outcome: Sendable {
  var reply: Parcel?
  var error: RPCError?
}

extension OpenNumbers {
  /// Asserts that nothing is open but `names`. Threads that are ending may hold more for a moment.
  static func expect(_ names: Set<String>) async {
    let deadline = ContinuousClock.now + .seconds(10)
    while !self.names().isSubset(of: names) && ContinuousClock.now < deadline { await Task.yield() }
    #expect(self.names().subtracting(names) == [], "\(self.names().subtracting(names))")
  }
}
