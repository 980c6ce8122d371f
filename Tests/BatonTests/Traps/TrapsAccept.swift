import Baton
import Glibc
import Logging
import Synchronization
import Testing

/// A server that has no descriptor left for a client. Every test runs in a process of its own, whose
/// limits and open descriptor numbers are the test's alone.
@Suite(.processOfItsOwn, .timeLimit(.minutes(2))) struct TrapsAccept {
  @Test func `a server without a number left turns one client away, says so once, and goes on`()
    async
  {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      try await Self.play()
      await OpenNumbers.expect(before)
    }
  }

  private static func play() async throws {
    let lines = LogLines()
    let path = "/tmp/baton-traps-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(
      address: "unix:\(path)", services: [ParcelService()],
      options: ServerOptions(logger: Logger(label: "traps") { _ in lines }))
    try server.bind()
    try await withThrowingTaskGroup { group in
      group.addTask { try await server.run() }
      let bystander = try await Connection.connect(to: Address("unix:\(path)"))
      let clients = try (0..<2).map { _ in try RawPeer.unconnected() }
      try await OpenNumbers.withRoom(0) {
        try clients[0].connect(to: path)
        #expect(try await clients[0].receive() == nil, "it is turned away")
        #expect(lines.all.filter { $0.contains("not accepting for a moment") }.count == 1)
        #expect(try await bystander.call(Parcels.echo, Parcel(number: 3)).number == 3)
      }
      // It waits in the listener's queue until the pause is over.
      try clients[1].connect(to: path)
      try clients[1].send(RawFrame.hello.bytes)
      let hello = try #require(try await clients[1].receive())
      #expect(ReceivedFrame.all(in: hello.bytes).first?.kind == 1, "a HELLO")
      #expect(lines.all.count == 1, "\(lines.all)")
      bystander.close()
      for client in clients { client.leave() }
      group.cancelAll()
      try await group.waitForAll()
    }
  }
}

/// What a server logs.
private final class LogLines: LogHandler {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }

  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .info }
    set {}
  }
  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    lines.withLock { $0.append("\(event.message)") }
  }
}
