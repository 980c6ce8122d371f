import Baton
import BatonMessages
import Glibc
import Synchronization
import Testing

/// Peers that send or connect without end, beside others that want to be served. Every test runs in
/// a process of its own, whose processors' time and numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(1))) struct TrapsFairness {
  /// Runs a server with one loop at a path, and a bystander whose calls are answered though `attack`
  /// goes on.
  private static func beside(
    _ attack: @Sendable (_ path: String, _ isOver: @escaping @Sendable () -> Bool) throws -> Void
  ) async throws {
    let path = "/tmp/baton-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(
      address: "unix:\(path)", services: [ParcelService()],
      options: ServerOptions(loops: 1, drainTimeout: .milliseconds(100)))
    try server.bind()
    try await onOwnThread {
      try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        let bystander = try await Connection.connect(to: Address("unix:\(path)"))
        _ = try await bystander.call(Parcels.echo, Parcel())
        let isOver = Flag()
        try attack(path) { isOver.isSet }
        for number in 0..<100 as Range<UInt64> {
          let reply = try await bystander.call(Parcels.echo, Parcel(number: number))
          #expect(reply.number == number)
        }
        isOver.set()
        bystander.close()
        group.cancelAll()
      }
    }
  }

  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  @Test func `clients that connect and leave without end keep nobody from being served`() async {
    await #expect(processExitsWith: .success) {
      try await Self.beside { path, isOver in
        for _ in 0..<2 {
          OwnThread.run {
            while !isOver() { _ = try? RawPeer.connected(to: path) }
          }
        }
      }
    }
  }

  @Test func `a connection on which something is always there keeps no other from being served`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await Self.beside { path, isOver in
        // Cheap to send, and dear to read: answers to pings that nobody sent.
        let packet = Array(repeatElement(RawFrame(11, flags: RawFrame.end).bytes, count: 8000))
          .flatMap { $0 }
        let peer = try RawPeer.connected(to: path)
        try peer.send(RawFrame.hello.bytes)
        for _ in 0..<3 {
          OwnThread.run {
            while !isOver(), (try? peer.send(packet)) != nil {}
          }
        }
      }
    }
  }

  @Test func `a server that sends without end does not keep a blocking call from ending in time`()
    async
  {
    await #expect(processExitsWith: .success) {
      try await BlockingScene.run { scene in
        let packet = Array(repeatElement(RawFrame(11, flags: RawFrame.end).bytes, count: 8000))
          .flatMap { $0 }
        let isOver = Flag()
        for _ in 0..<2 {
          OwnThread.run {
            while !isOver.isSet, (try? scene.attacker.send(packet)) != nil {}
          }
        }
        let begin = ContinuousClock.now
        let outcome = await scene.call(
          Parcels.echo, options: CallOptions(timeout: .milliseconds(100)))
        let took = ContinuousClock.now - begin
        isOver.set()
        scene.attacker.leave()
        #expect(outcome.error?.code == .deadlineExceeded)
        #expect(took < .seconds(1))
      }
    }
  }
}
