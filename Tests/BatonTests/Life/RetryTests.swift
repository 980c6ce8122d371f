import Baton
import BatonMessages
import Synchronization
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct RetryTests {
  private static let safe = Method<EchoMessage, EchoMessage>(
    "test.Echo", "Echo", isIdempotent: true)
  private static let quick = RetryPolicy(initialBackoff: .milliseconds(1))
  private static let slow = RetryPolicy(initialBackoff: .seconds(3600), maxBackoff: .seconds(3600))

  /// A handler that fails with `code` until it has been called `failures` times.
  private final class Shaky: Sendable {
    private let count = Mutex(0)
    let failures: Int
    let code: RPCError.Code

    init(failures: Int, _ code: RPCError.Code = .unavailable) {
      self.failures = failures
      self.code = code
    }

    var calls: Int { count.withLock { $0 } }

    var service: EchoService {
      EchoService { request, _ in
        let call = self.count.withLock { count in
          count += 1
          return count
        }
        if call <= self.failures { throw RPCError(self.code, "call \(call)") }
        return request
      }
    }
  }

  private static func serve(
    _ shaky: Shaky, _ policy: RetryPolicy = quick, _ body: (Connection) async throws -> Void
  ) async throws {
    try await withServer(shaky.service) { address in
      let connection = try await Connection.connect(
        to: Address(address), options: ConnectionOptions(retry: policy))
      try await body(connection)
      connection.close()
    }
  }

  @Test func `a method that the schema calls idempotent is called again when it is unavailable`()
    async throws
  {
    let shaky = Shaky(failures: 3)
    try await Self.serve(shaky) { connection in
      let reply = try await connection.call(Self.safe, EchoMessage(number: 4))
      #expect(reply.number == 4)
    }
    #expect(shaky.calls == 4)
  }

  @Test func `what a failed attempt said is not taken for the next one's`() async throws {
    let calls = Mutex(0)
    let service = EchoService { request, context in
      let isFirst = calls.withLock { count in
        count += 1
        return count == 1
      }
      if isFirst {
        try context.sendMetadata(["said": "first"])
        try context.setTrailers(["said": "first"])
        throw RPCError(.unavailable, "again")
      }
      return request
    }
    try await withServer(service) { address in
      let connection = try await Connection.connect(
        to: Address(address), options: ConnectionOptions(retry: Self.quick))
      let info = ReplyInfo()
      _ = try await connection.call(
        Self.safe, EchoMessage(), options: CallOptions(info: info))
      #expect(calls.withLock { $0 } == 2)
      #expect(info.metadata == nil)
      #expect(info.trailers.isEmpty)
      connection.close()
    }
  }

  @Test func `a call is made as often as the policy says at most`() async throws {
    for attempts in [1, 2, 4] {
      let shaky = Shaky(failures: .max)
      let policy = RetryPolicy(maxAttempts: attempts, initialBackoff: .milliseconds(1))
      try await Self.serve(shaky, policy) { connection in
        await #expect(throws: RPCError(.unavailable, "call \(attempts)", origin: .peer)) {
          try await connection.call(Self.safe, EchoMessage())
        }
      }
      #expect(shaky.calls == attempts)
    }
  }

  @Test func `other methods are not called again, nor with other codes, nor with descriptors`()
    async throws
  {
    let shaky = Shaky(failures: 1)
    try await Self.serve(shaky) { connection in
      await #expect(throws: RPCError.self) {
        try await connection.call(EchoService.echo, EchoMessage())
      }
    }
    #expect(shaky.calls == 1)

    let failing = Shaky(failures: 1, .internal)
    try await Self.serve(failing) { connection in
      await #expect(throws: RPCError.self) { try await connection.call(Self.safe, EchoMessage()) }
    }
    #expect(failing.calls == 1)

    let carrying = Shaky(failures: 1)
    try await Self.serve(carrying) { connection in
      let file = try Descriptor.open("/dev/null")
      await #expect(throws: RPCError.self) {
        try await connection.call(Self.safe, EchoMessage(files: [file]))
      }
    }
    #expect(carrying.calls == 1)
  }

  @Test func `a delay that outlasts the deadline is not begun`() async throws {
    let shaky = Shaky(failures: 1)
    try await Self.serve(shaky, Self.slow) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(
          Self.safe, EchoMessage(), options: CallOptions(timeout: .seconds(1800)))
      }
      #expect(error?.code == .unavailable)
    }
  }

  @Test func `cancelling the caller ends a delay, and so does closing the connection`()
    async throws
  {
    let shaky = Shaky(failures: .max)
    try await Self.serve(shaky, Self.slow) { connection in
      let call = Task { try await connection.call(Self.safe, EchoMessage()) }
      while shaky.calls == 0 { await Task.yield() }
      call.cancel()
      #expect(await call.error?.code == .cancelled)
      let other = Task { try await connection.call(Self.safe, EchoMessage()) }
      while shaky.calls == 1 { await Task.yield() }
      connection.close()
      #expect(await other.error?.code == .unavailable)
    }
  }

  @Test func `a call that the server says it has not begun is made again over the next connection`()
    async throws
  {
    try await RawListener.withClient { peer, listener, connection in
      let typed = Task { try await connection.call(EchoService.echo, EchoMessage()) }
      let next = try await Self.refuse(peer, listener)
      try next.send(RawFrame.response(1, message: [0x10, 9]).bytes)
      #expect(try await typed.value.number == 9)

      let request = try EchoMessage().encoded()
      let encoded = Task {
        try await connection.call(method: EchoService.echo.name, request).bytes
      }
      let last = try await Self.refuse(next, listener)
      try last.send(RawFrame.response(1, message: [0x10, 8]).bytes)
      #expect(try await encoded.value == [0x10, 8])
    }
  }

  @Test func `a call whose descriptors have left is not made again`() async throws {
    try await RawListener.withClient { peer, listener, connection in
      let file = try Descriptor.open("/dev/null")
      let call = Task { try await connection.call(Self.safe, EchoMessage(files: [file])) }
      while let packet = try await peer.receive() {
        if ReceivedFrame.all(in: packet.bytes).contains(where: { $0.kind == 2 }) { break }
      }
      try peer.send(RawFrame.goodbye.bytes)
      #expect(await call.error?.wasNotBegun == true)
    }
  }

  /// Tells the client of a call that it was not begun, and waits until it has made it again.
  private static func refuse(_ peer: RawPeer, _ listener: RawListener) async throws -> RawPeer {
    while let packet = try await peer.receive() {
      if ReceivedFrame.all(in: packet.bytes).contains(where: { $0.kind == 2 }) { break }
    }
    try peer.send(RawFrame.goodbye.bytes)
    peer.finish()
    let next = try await listener.accept()
    try next.send(RawFrame.hello.bytes)
    while let packet = try await next.receive() {
      if ReceivedFrame.all(in: packet.bytes).contains(where: { $0.kind == 2 }) { break }
    }
    return next
  }
}
