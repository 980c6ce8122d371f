import Baton
import BatonMessages
import Glibc
import SystemPackage
import Testing

/// What leaves of a loop's turn when. Every test runs in a process of its own, so that its open
/// descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(1))) struct TurnTests {
  /// Runs a scene whose client lives on the loop that the body runs on.
  private static func onLoop(_ body: @Sendable (ClientScene) async throws -> Void) async throws {
    try await withOwnLoop { loop in
      try await ClientScene.run(options: ConnectionOptions(loop: loop), body)
    }
  }

  /// The requests that have come by now.
  private static func requests(at peer: RawPeer) -> [ReceivedFrame] {
    peer.framesByNow().filter { $0.kind == 2 }
  }

  @Test func `a call leaves before its task waits for the reply, where nothing else is to be sent`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.onLoop { scene in
        await Task.yield()
        // Runs here until it waits.
        let call = Task.immediate { try await scene.client.call(Parcels.echo, Parcel()) }
        let requests = Self.requests(at: scene.attacker)
        #expect(requests.count == 1)
        for request in requests { try scene.attacker.send(RawFrame.response(request.call).bytes) }
        if requests.isEmpty { scene.attacker.leave() }
        _ = try await call.value
      }
    }
  }

  @Test func `calls that start in one turn leave in one packet`() async {
    await #expect(processExitsWith: .success) {
      try await Self.onLoop { scene in
        try await withThrowingTaskGroup { group in
          for _ in 0..<5 {
            group.addTask { _ = try await scene.client.call(Parcels.echo, Parcel()) }
          }
          group.addTask {
            let packet = try #require(try await scene.attacker.receive())
            let requests = ReceivedFrame.all(in: packet.bytes).filter { $0.kind == 2 }
            #expect(requests.count == 5)
            for request in requests {
              try scene.attacker.send(RawFrame.response(request.call).bytes)
            }
            if requests.count < 5 { scene.attacker.leave() }
          }
          try await group.waitForAll()
        }
      }
    }
  }

  @Test func `requests of one packet are answered in one`() async {
    await #expect(processExitsWith: .success) {
      for method in ["Echo", "Count"] {
        try await ServerScene.run { scene in
          let calls = (1...5).map { UInt32(2 * $0) }
          try scene.attacker.send(calls.flatMap { RawFrame.request($0, method).bytes })
          let packet = try #require(try await scene.attacker.receive())
          #expect(ReceivedFrame.all(in: packet.bytes).map(\.call) == calls, "\(method)")
        }
      }
    }
  }

  /// Passes the reading end of a pipe on, and keeps the other alone.
  private static func passOn(_ connection: Connection) async throws -> Descriptor {
    let (reading, writing) = try Descriptor.pipe()
    let reply = try await connection.call(EchoService.echo, EchoMessage(files: [reading]))
    #expect(reply.number == 1)
    return writing
  }

  @Test func `what came with a request is closed when its answer comes`() async {
    await #expect(processExitsWith: .success) {
      let service = EchoService { request, _ in EchoMessage(number: UInt64(request.files.count)) }
      try await withServer(service) { address in
        let connection = try await Connection.connect(to: Address(address))
        for _ in 0..<500 {
          let writing = try await Self.passOn(connection)
          // Nobody can read any more (poll(2), POLLERR).
          var entry = pollfd(fd: writing.withFileDescriptor { $0.rawValue }, events: 0, revents: 0)
          #expect(poll(&entry, 1, 0) == 1 && Int32(entry.revents) & POLLERR != 0)
        }
        connection.close()
      }
    }
  }
}
