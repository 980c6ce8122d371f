import Baton
import Glibc
import Testing

/// A server in this process, a raw peer that attacks it, and a client that must not notice.
struct ServerScene {
  let attacker: RawPeer
  /// The number of the socket that the attacker is connected to.
  let other: Int32
  let bystander: Connection
  let events: Events

  /// Runs a scene, then asserts that the bystander's calls still work and no number is left open.
  static func run(
    greeted: Bool = true, hello: RawFrame = .hello, options: ServerOptions = ServerOptions(),
    _ body: @Sendable (ServerScene) async throws -> Void
  ) async throws {
    let before = OpenNumbers.names()
    try await play(greeted ? hello : nil, options: options, body)
    await OpenNumbers.expect(before)
  }

  private static func play(
    _ hello: RawFrame?, options: ServerOptions,
    _ body: @Sendable (ServerScene) async throws -> Void
  ) async throws {
    let (attacker, other) = try RawPeer.pair()
    let service = ParcelService()
    let server = Server(address: "fd:\(other)", services: [service], options: options)
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run() }
      let bystander = try await server.connect()
      if let hello {
        try attacker.send(hello.bytes)
        _ = try await attacker.receive()
      }
      try await body(
        ServerScene(
          attacker: attacker, other: other, bystander: bystander, events: service.events))
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
