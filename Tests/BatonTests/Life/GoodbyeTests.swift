import Baton
import BatonMessages
import Synchronization
import SystemPackage
import Testing

/// Requests that are on their way when one end says goodbye, or leaves.
@Suite(.timeLimit(.minutes(1))) struct GoodbyeTests {
  /// A peer that takes streams and large messages.
  private static let hello = RawFrame.hello(
    messages: 9, bytes: 1 << 20, descriptors: 9, largestMessage: 64 << 20)
  private static let large = Parcel(content: [UInt8](repeating: 7, count: 8 << 20))

  /// The number of the first call that a server makes.
  private static let firstCall = UInt32(1) << 31 | 1

  /// Runs `body` with a client that serves, and whose handler of the server's first call, which is
  /// `request`, waits at the gate.
  private static func withServingClient(
    _ body: @Sendable (_ scene: ClientScene, _ request: RawFrame, _ gate: Gate) async throws -> Void
  ) async throws {
    let gate = Gate()
    let options = ConnectionOptions(services: [gate.service])
    try await ClientScene.run(options: options) { scene in
      var request = RawFrame(2, call: firstCall, flags: RawFrame.end)
      request.method = RawFrame.identity("test.Echo/Echo")
      try scene.attacker.send(request.bytes)
      await gate.untilBegun()
      try await body(scene, request, gate)
    }
  }

  // MARK: The server's

  /// Runs `body` with a raw client of a server, which says goodbye when `leave` is called.
  private static func withServer(
    _ body: (_ peer: RawPeer, _ leave: () -> Void) async throws -> Void
  ) async throws {
    try await onOwnThread {
      let (peer, other) = try RawPeer.pair()
      let server = Server(address: "fd:\(other)", services: [ParcelService()])
      try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        try peer.send(Self.hello.bytes)
        _ = try await peer.receive()
        try await body(peer) { group.cancelAll() }
        peer.leave()
        group.cancelAll()
        try await group.waitForAll()
      }
    }
  }

  @Test func `a server that leaves takes the rest of a request in front of its last call`()
    async throws
  {
    try await Self.withServer { peer, leave in
      try peer.send(
        RawFrame.fragment(1, [8]).bytes + RawFrame.request(2, "Echo", message: [8, 7]).bytes)
      #expect(try await peer.frames(until: 3).last?.call == 2)
      leave()
      #expect(try await peer.frames(until: 6).last?.head.suffix(2) == [16, 2])
      try peer.send(
        RawFrame.request(3, "Echo").bytes + RawFrame.request(1, "Echo", message: [3]).bytes)
      let answers = try await peer.frames(until: 3)
      #expect(answers.map(\.call) == [3, 1])
      #expect(answers.first?.code == 14, "UNAVAILABLE")
      #expect(answers.last?.message == [8, 3])
      #expect(try await peer.receive() == nil)
    }
  }

  @Test func `the last call is the one that was numbered last, where numbers have begun anew`()
    async throws
  {
    try await Self.withServer { peer, leave in
      for call in [UInt32(Int32.max) - 1, UInt32(Int32.max), 1] {
        try peer.send(RawFrame.request(call, "Echo").bytes)
        _ = try await peer.frames(until: 3)
      }
      leave()
      #expect(try await peer.frames(until: 6).last?.head.suffix(2) == [16, 1])
    }
  }

  @Test func `a server that leaves does not wait for a request that is cancelled`() async throws {
    try await Self.withServer { peer, leave in
      try peer.send(RawFrame.fragment(1, [8]).bytes + RawFrame.request(2, "Echo").bytes)
      _ = try await peer.frames(until: 3)
      leave()
      _ = try await peer.frames(until: 6)
      try peer.send(RawFrame.cancel(1).bytes)
      #expect(try await peer.receive() == nil)
    }
  }

  @Test func `a server that leaves does not wait for the rest of a message whose call has ended`()
    async throws
  {
    try await Self.withServer { peer, leave in
      // A timeout of one nanosecond.
      var request = RawFrame(2, call: 1, head: [8, 1])
      request.method = RawFrame.identity("traps.v1.Parcels/Hold")
      try peer.send(request.bytes + RawFrame.fragment(1, [8]).bytes)
      #expect(try await peer.frames(until: 4).last?.code == 4, "DEADLINE_EXCEEDED")
      leave()
      _ = try await peer.frames(until: 6)
      try peer.send(RawFrame.message(1, [3]).bytes)
      #expect(try await peer.receive() == nil)
    }
  }

  @Test(.processOfItsOwn) func `of a request that was not begun the client sends no more`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run(hello: [Self.hello]) { scene in
        let call = scene.begin(Parcels.echo, Self.large)
        try await scene.attacker.untilReadable()
        try scene.attacker.send(RawFrame.goodbye.bytes)
        let error = await call.value.error
        #expect(error?.code == .unavailable)
        #expect(error?.wasNotBegun == true)
        let frames = try await scene.attacker.frames(until: 5)
        #expect(frames.reduce(0) { $0 + $1.message.count } < 8 << 20)
      }
    }
  }

  @Test(.processOfItsOwn) func `of hundreds that were not begun none leaves any more`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run(hello: [Self.hello]) { scene in
        let parcel = Parcel(content: [UInt8](repeating: 7, count: 16_000))
        // More than the socket holds.
        let calls = (0..<500).map { _ in scene.begin(Parcels.echo, parcel) }
        try await scene.attacker.untilReadable()
        try scene.attacker.send(RawFrame.goodbye.bytes)
        for call in calls {
          let error = await call.value.error
          #expect(error?.code == .unavailable)
          #expect(error?.wasNotBegun == true)
        }
        scene.client.close()
        var requests = 0
        while let packet = try await scene.attacker.receive() {
          requests += ReceivedFrame.all(in: packet.bytes).count { $0.kind == 2 }
        }
        #expect(requests < 500)
      }
    }
  }

  @Test(.processOfItsOwn)
  func `a client that serves ends when its last handler has answered a server that left`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.withServingClient { scene, _, gate in
        try scene.attacker.send(RawFrame.goodbye.bytes)
        scene.attacker.finish()
        gate.release()
        #expect(try await scene.attacker.frames(until: 3).last?.call == Self.firstCall)
        #expect(try await scene.attacker.receive() == nil)
        scene.attacker.leave()
        await scene.client.until(.shutdown)
      }
    }
  }

  // MARK: The client's

  @Test(.processOfItsOwn) func `a client's goodbye comes behind its large requests`() async {
    await #expect(processExitsWith: .success) {
      try await ClientScene.run(hello: [Self.hello]) { scene in
        let call = scene.begin(Parcels.echo, Self.large)
        try await scene.attacker.untilReadable()
        async let drained: Void = scene.client.drain(within: .seconds(30))
        let frames = try await scene.attacker.frames(until: 6)
        #expect(frames.reduce(0) { $0 + $1.message.count } > 8 << 20)
        let request = try #require(frames.last { $0.kind == 2 })
        try scene.attacker.send(RawFrame.response(request.call, message: [8, 5]).bytes)
        scene.attacker.finish()
        #expect(await call.value.reply?.number == 5)
        await drained
      }
    }
  }

  @Test(.processOfItsOwn) func `a client that serves takes no calls behind its goodbye's last`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.withServingClient { scene, request, gate in
        async let drained: Void = scene.client.drain(within: .seconds(30))
        // The number as a varint.
        let last: [UInt8] = [16, 0x81, 0x80, 0x80, 0x80, 0x08]
        let goodbye = try await scene.attacker.frames(until: 6).last
        #expect(goodbye?.head.suffix(6) == last[...])
        try scene.attacker.send(request.with { $0.call += 1 }.bytes)
        let refusal = try await scene.attacker.frames(until: 4).last
        #expect(refusal?.call == Self.firstCall + 1)
        #expect(refusal?.text.contains("not begun") == true)
        gate.release()
        let answers = try await scene.attacker.frames(until: 3)
        #expect(answers.last?.call == Self.firstCall)
        scene.attacker.leave()
        await drained
      }
    }
  }

  @Test(.processOfItsOwn) func `no request comes behind a client's goodbye, whoever begins calls`()
    async
  {
    await #expect(processExitsWith: .success) {
      // Whether a call begins in the instant of the goodbye is chance.
      for _ in 0..<30 {
        try await ClientScene.run { scene in
          let begun = Begun()
          async let one: Void = begun.beginCalls(of: scene.client)
          async let other: Void = begun.beginCalls(of: scene.client)
          async let drained: Void = begun.drain(scene.client)
          _ = try await scene.attacker.frames(until: 6)
          _ = await (one, other)
          #expect(scene.attacker.framesByNow().filter { $0.kind == 2 }.isEmpty)
          scene.attacker.leave()
          await drained
        }
      }
    }
  }

  /// How many calls two threads have begun.
  private final class Begun: Sendable {
    private let count = Atomic(0)

    /// Begins calls on a thread of its own.
    func beginCalls(of client: Connection) async {
      await withCheckedContinuation { ended in
        OwnThread.run {
          for _ in 0..<250 {
            self.count.add(1, ordering: .relaxed)
            Task.immediate { _ = try? await client.call(Parcels.echo, Parcel()) }
          }
          ended.resume()
        }
      }
    }

    /// Drains when some have begun.
    func drain(_ client: Connection) async {
      await withCheckedContinuation { ready in
        OwnThread.run {
          while self.count.load(ordering: .relaxed) < 100 {}
          ready.resume()
        }
      }
      await client.drain(within: .seconds(30))
    }
  }

  // MARK: Connections that are lost

  @Test func `a request that has left in part is made again when the connection is lost`()
    async throws
  {
    try await RawListener.withClient(hello: Self.hello) { peer, listener, connection in
      async let reply = connection.call(Parcels.echo, Self.large)
      try await peer.untilReadable()
      peer.leave()
      let next = try await listener.accept()
      try next.send(Self.hello.bytes)
      let request = try #require(try await next.frames(until: 2).last)
      try next.send(RawFrame.response(request.call, message: [8, 5]).bytes)
      #expect(try await reply.number == 5)
    }
  }

  @Test func `descriptors may have left with a part of a request, which is not made again`()
    async throws
  {
    try await RawListener.withClient(hello: Self.hello) { peer, _, connection in
      let file = try Descriptor.open("/dev/null")
      let parcel = Parcel(content: Self.large.content, files: [file])
      let call = Task { try await connection.call(Parcels.echo, parcel) }
      try await peer.untilReadable()
      peer.leave()
      let error = await call.error
      #expect(error?.code == .unavailable)
      #expect(error?.wasNotBegun == true)
    }
  }

  @Test func `requests that wait are made again when the connection is lost, descriptors and all`()
    async throws
  {
    try await RawListener.withClient(hello: Self.hello) { peer, listener, connection in
      let file = try Descriptor.open("/dev/null")
      // More than the socket holds.
      let parcel = Parcel(content: [UInt8](repeating: 7, count: 100_000), files: [file])
      let calls = (0..<40).map { _ in
        Task(executorPreference: connection.loop) {
          try await connection.call(Parcels.echo, parcel)
        }
      }
      // They have begun when what was begun behind them has.
      await Task(executorPreference: connection.loop) {}.value
      peer.leave()
      let next = try await listener.accept()
      try next.send(Self.hello.bytes)
      let answering = Task { try await Answerer(attacker: next).answerAll { .response($0) } }
      var replies = 0
      for call in calls {
        guard let error = await call.error else {
          replies += 1
          continue
        }
        #expect(error.code == .unavailable)
        #expect(!error.wasNotBegun)
      }
      #expect(replies > 0)
      #expect(replies < 40)
      connection.close()
      try await answering.value
    }
  }

  private struct Answerer: RawServer {
    let attacker: RawPeer
  }

  @Test(.processOfItsOwn)
  func `a call that a blocking client makes when the server has left was not begun`() async {
    await #expect(processExitsWith: .success) {
      try await BlockingScene.run { scene in
        scene.attacker.leave()
        let error = await scene.call(Parcels.echo).error
        #expect(error?.code == .unavailable)
        #expect(error?.wasNotBegun == true)
      }
    }
  }

  @Test(.processOfItsOwn)
  func `a blocking call that the server has not begun ends with its goodbye`() async {
    await #expect(processExitsWith: .success) {
      try await BlockingScene.run { scene in
        async let outcome = scene.call(Parcels.echo)
        _ = try await scene.requests(1)
        // Its last call is zero, and the connection stays.
        try scene.attacker.send(RawFrame.goodbye.bytes)
        let error = await outcome.error
        #expect(error?.code == .unavailable)
        #expect(error?.wasNotBegun == true)
      }
    }
  }

  @Test(.processOfItsOwn)
  func `a client that still serves ends its calls when the server has said its last`() async {
    await #expect(processExitsWith: .success) {
      try await Self.withServingClient { scene, _, gate in
        let call = scene.begin(Parcels.echo)
        let number = try await scene.requests(1)[0].call
        try scene.attacker.send(RawFrame(6, head: [16, UInt8(number)]).bytes)
        scene.attacker.finish()
        #expect(await call.value.error?.code == .unavailable)
        gate.release()
        let answers = try await scene.attacker.frames(until: 3)
        #expect(answers.last?.call == Self.firstCall)
        scene.attacker.leave()
      }
    }
  }
}
