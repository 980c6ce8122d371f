import Baton
import BatonMessages
import Synchronization
import SystemPackage
import Testing

/// An interceptor of both sides that is a closure.
struct Interceptor: ServerInterceptor, ClientInterceptor {
  typealias Next = (InterceptedCall) async throws -> Void
  typealias Body = nonisolated(nonsending) @Sendable (InterceptedCall, Next) async throws -> Void
  let body: Body

  init(_ body: @escaping Body) {
    self.body = body
  }

  nonisolated(nonsending) func intercept(
    _ call: InterceptedCall, context: CallContext, next: Next
  ) async throws {
    try await body(call, next)
  }
  nonisolated(nonsending) func intercept(
    _ call: InterceptedCall, info: ReplyInfo, next: Next
  ) async throws {
    try await body(call, next)
  }
}

/// What interceptors wrote down.
final class Notes: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// A service and its client, both with interceptors.
func withInterceptors<Result>(
  _ service: StreamService = StreamService(), server: [Interceptor] = [],
  client: [Interceptor] = [], _ body: (Connection) async throws -> Result
) async throws -> Result {
  try await withStreams(
    service, options: ServerOptions(interceptors: server),
    connection: ConnectionOptions(interceptors: client), body)
}

@Suite(.timeLimit(.minutes(1))) struct InterceptorTests {
  /// Makes a call of every kind, each with two requests or replies where it has a stream.
  private static func callAll(_ connection: Connection) async throws -> [UInt64] {
    var numbers: [UInt64] = []
    numbers.append(try await connection.call(StreamService.echo, EchoMessage(number: 1)).number)
    for try await reply in connection.serverStream(StreamService.count, EchoMessage(number: 2)) {
      numbers.append(reply.number)
    }
    numbers.append(
      try await connection.clientStream(StreamService.sum) { requests in
        for number in [3, 4] as [UInt64] { try await requests.write(EchoMessage(number: number)) }
      }.number)
    try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
      for number in [5, 6] as [UInt64] { try await requests.write(EchoMessage(number: number)) }
      requests.finish()
      for try await reply in replies { numbers.append(reply.number) }
    }
    return numbers
  }

  private static let kinds: [InterceptedCall.Kind] = [
    .unary, .serverStream, .clientStream, .bidirectionalStream,
  ]

  @Test func `interceptors stand around calls of every kind, the first outermost`() async throws {
    let notes = Notes()
    func noting(_ name: String) -> Interceptor {
      Interceptor { call, next in
        notes.add("\(name) \(call.method) \(call.kind)")
        try await next(call)
        notes.add("\(name) over")
      }
    }
    let numbers = try await withInterceptors(
      server: [noting("server 1"), noting("server 2")],
      client: [noting("client 1"), noting("client 2")], Self.callAll)
    #expect(numbers == [1, 0, 1, 7, 5, 6])
    let names = ["client 1", "client 2", "server 1", "server 2"]
    let expected = zip(["Echo", "Count", "Sum", "Chat"], Self.kinds).flatMap { method, kind in
      names.map { "\($0) test.Stream/\(method) \(kind)" }
    }
    // Both ends are through with a call in their own time.
    #expect(notes.all.filter { !$0.hasSuffix("over") } == expected)
    for side in ["client", "server"] {
      let over = notes.all.filter { $0.hasPrefix(side) && $0.hasSuffix("over") }
      #expect(over == (0..<4).flatMap { _ in ["\(side) 2 over", "\(side) 1 over"] })
    }
  }

  @Test(arguments: [true, false])
  func `every message passes the hooks, which may change it`(atServer: Bool) async throws {
    let notes = Notes()
    let adding = Interceptor { call, next in
      var call = call
      call.onRequest { message in
        guard var echo = message as? EchoMessage else { return }
        notes.add("request \(echo.number)")
        echo.number += 1
        message = echo
      }
      call.onReply { message in
        guard var echo = message as? EchoMessage else { return }
        notes.add("reply \(echo.number)")
        echo.number += 100
        message = echo
      }
      try await next(call)
    }
    let numbers = try await withInterceptors(
      server: atServer ? [adding] : [], client: atServer ? [] : [adding], Self.callAll)
    #expect(numbers == [102, 100, 101, 102, 109, 106, 107])
    #expect(
      Set(notes.all)
        == Set(
          [1, 2, 3, 4, 5, 6].map { "request \($0)" }
            + [2, 0, 1, 2, 9, 6, 7].map { "reply \($0)" }))
  }

  @Test(arguments: [true, false])
  func `a hook that fails a message of a stream fails the call behind those before it`(
    atServer: Bool
  ) async throws {
    let failing = Interceptor { call, next in
      var call = call
      call.onReply { message in
        if (message as? EchoMessage)?.number == 3 { throw RPCError(.outOfRange, "three") }
      }
      try await next(call)
    }
    try await withInterceptors(
      server: atServer ? [failing] : [], client: atServer ? [] : [failing]
    ) { connection in
      var numbers: [UInt64] = []
      let error = await #expect(throws: RPCError.self) {
        let request = EchoMessage(number: 10)
        for try await reply in connection.serverStream(StreamService.count, request) {
          numbers.append(reply.number)
        }
      }
      #expect(numbers == [0, 1, 2])
      #expect(error?.code == .outOfRange)
    }
  }

  @Test func `requests pass the hooks from the outside in, replies from the inside out`()
    async throws
  {
    let notes = Notes()
    func hooking(_ name: String) -> Interceptor {
      Interceptor { call, next in
        var call = call
        call.onRequest { _ in notes.add("\(name)>") }
        call.onReply { _ in notes.add("<\(name)") }
        try await next(call)
      }
    }
    try await withInterceptors(
      server: [hooking("c"), hooking("d")], client: [hooking("a"), hooking("b")]
    ) {
      _ = try await $0.call(StreamService.echo, EchoMessage())
    }
    #expect(notes.all == ["a>", "b>", "c>", "d>", "<d", "<c", "<b", "<a"])
  }

  @Test func `the descriptors of a message are visible`() async throws {
    let notes = Notes()
    let looking = Interceptor { call, next in
      var call = call
      call.onRequest { message in
        for descriptor in try message.carriedDescriptors() {
          let description = try descriptor.describe()
          notes.add("\(description.kind) of \(description.size ?? -1)")
        }
      }
      try await next(call)
    }
    let file = try Descriptor.memory([1, 2, 3])
    for side in [true, false] {
      try await withInterceptors(server: side ? [looking] : [], client: side ? [] : [looking]) {
        let reply = try await $0.call(StreamService.echo, EchoMessage(files: [file, file]))
        #expect(try reply.files.map { try $0.readAll() } == [[1, 2, 3], [1, 2, 3]])
      }
    }
    #expect(notes.all == Array(repeating: "memory of 3", count: 4))
  }

  @Test func `metadata is changed on its way`() async throws {
    var service = StreamService()
    service.echo = { _, context in
      EchoMessage(payload: Array((context.metadata["path"] ?? "").utf8))
    }
    func appending(_ name: String) -> Interceptor {
      Interceptor { call, next in
        var call = call
        call.metadata["path"] = (call.metadata["path"] ?? "") + name
        try await next(call)
      }
    }
    try await withInterceptors(service, server: [appending("b")], client: [appending("a")]) {
      let options = CallOptions(metadata: ["path": "-"])
      let reply = try await $0.call(StreamService.echo, EchoMessage(), options: options)
      #expect(String(decoding: reply.payload, as: UTF8.self) == "-ab")
    }
  }

  @Test(arguments: [true, false], kinds)
  func `a call that an interceptor refuses does not go on`(
    atServer: Bool, kind: InterceptedCall.Kind
  ) async throws {
    let handled = Notes()
    let service = StreamService(
      echo: { _, _ in
        handled.add("echo")
        return EchoMessage()
      },
      count: { _, _, _ in handled.add("count") },
      sum: { _, _ in
        handled.add("sum")
        return EchoMessage()
      },
      chat: { _, _, _ in handled.add("chat") })
    let refusing = Interceptor { _, _ in throw RPCError(.unauthenticated, "who are you?") }
    let error = await #expect(throws: RPCError.self) {
      try await withInterceptors(
        service, server: atServer ? [refusing] : [], client: atServer ? [] : [refusing]
      ) { connection in
        switch kind {
        case .unary: _ = try await connection.call(StreamService.echo, EchoMessage())
        case .serverStream:
          for try await _ in connection.serverStream(StreamService.count, EchoMessage()) {}
        case .clientStream:
          _ = try await connection.clientStream(StreamService.sum) {
            try await $0.write(EchoMessage())
          }
        case .bidirectionalStream:
          try await connection.bidirectionalStream(StreamService.chat) { _, replies in
            for try await _ in replies {}
          }
        }
      }
    }
    #expect(error?.code == .unauthenticated)
    #expect(error?.message == "who are you?")
    #expect(error?.origin == (atServer ? .peer : .local))
    #expect(handled.all == [])
  }

  @Test func `an interceptor sees that the handler failed, and how`() async throws {
    var service = StreamService()
    service.echo = { _, _ in throw RPCError(.dataLoss, "gone") }
    let notes = Notes()
    let watching = Interceptor { call, next in
      do {
        try await next(call)
      } catch {
        notes.add("\(error)")
        throw error
      }
    }
    await #expect(throws: RPCError(.dataLoss, "gone", origin: .peer)) {
      try await withInterceptors(service, server: [watching], client: [watching]) {
        _ = try await $0.call(StreamService.echo, EchoMessage())
      }
    }
    #expect(notes.all == ["DATA_LOSS: gone", "DATA_LOSS: gone"])
  }

  /// Tells how each call ended.
  private static func outcomes() -> (Interceptor, AsyncStream<RPCError.Code?>) {
    let (ends, end) = AsyncStream<RPCError.Code?>.makeStream()
    let watching = Interceptor { call, next in
      do {
        try await next(call)
        end.yield(nil)
      } catch {
        end.yield((error as? RPCError)?.code)
        throw error
      }
    }
    return (watching, ends)
  }

  @Test func `an interceptor sees that the deadline passed, whatever the handler makes of it`()
    async throws
  {
    let (watching, ends) = Self.outcomes()
    let service = EchoService { request, _ in
      try? await Task.sleep(for: .seconds(60))
      return request
    }
    let (peer, other) = try RawPeer.pair()
    let server = Server(
      address: "fd:\(other)", services: [service], options: ServerOptions(interceptors: [watching]))
    // One millisecond.
    var call = RawFrame(2, call: 1, flags: RawFrame.end, head: [0x08, 0xc0, 0x84, 0x3d])
    call.method = RawFrame.identity("test.Echo/Echo")
    try peer.send(RawFrame.hello.bytes)
    try peer.send(call.bytes)
    try await onOwnThread {
      await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        #expect(await ends.first { _ in true } == .some(.deadlineExceeded))
        group.cancelAll()
      }
    }
    peer.leave()
  }

  @Test func `an interceptor sees that the caller left, whatever the handler makes of it`()
    async throws
  {
    let (watching, ends) = Self.outcomes()
    let (begun, begin) = AsyncStream<Void>.makeStream()
    var service = StreamService()
    service.echo = { request, _ in
      begin.yield()
      try? await Task.sleep(for: .seconds(60))
      return request
    }
    try await withInterceptors(service, server: [watching]) { connection in
      await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await connection.call(StreamService.echo, EchoMessage()) }
        _ = await begun.first { _ in true }
        group.cancelAll()
      }
      #expect(await ends.first { _ in true } == .some(.cancelled))
    }
  }

  @Test func `a client's interceptor may make a unary call again`() async throws {
    let attempts = Mutex(0)
    var service = StreamService()
    service.echo = { request, _ in
      let attempt = attempts.withLock { attempts in
        attempts += 1
        return attempts
      }
      if attempt < 3 { throw RPCError(.aborted, "again") }
      return request
    }
    let retrying = Interceptor { call, next in
      while true {
        do {
          return try await next(call)
        } catch let error as RPCError where error.code == .aborted {}
      }
    }
    try await withInterceptors(service, client: [retrying]) {
      let reply = try await $0.call(StreamService.echo, EchoMessage(number: 8))
      #expect(reply.number == 8)
    }
    #expect(attempts.withLock { $0 } == 3)
  }

  @Test func `an interceptor's deadline is the call's`() async throws {
    let seen = Mutex<[Bool]>([])
    let looking = Interceptor { call, next in
      seen.withLock { $0.append(call.deadline.map { $0 > .now } ?? false) }
      try await next(call)
    }
    try await withInterceptors(server: [looking], client: [looking]) {
      let options = CallOptions(timeout: .seconds(50))
      _ = try await $0.call(StreamService.echo, EchoMessage(), options: options)
    }
    #expect(seen.withLock { $0 } == [true, true])
  }

  @Test func `who drops an intercepted stream cancels it and its interceptors`() async throws {
    let (ends, end) = AsyncStream<RPCError.Code?>.makeStream()
    var service = StreamService()
    service.count = { _, replies, _ in while true { try await replies.write(EchoMessage()) } }
    let watching = Interceptor { call, next in
      do { try await next(call) } catch { end.yield((error as? RPCError)?.code) }
    }
    try await withInterceptors(service, client: [watching]) { connection in
      for try await _ in connection.serverStream(StreamService.count, EchoMessage()) { break }
      #expect(await ends.first { _ in true } == .cancelled)
    }
  }

  @Test func `who drops a stream whose interceptor has not gone on cancels the interceptor`()
    async throws
  {
    let (begun, begin) = AsyncStream<Void>.makeStream()
    let (ends, end) = AsyncStream<Bool>.makeStream()
    let waiting = Interceptor { _, _ in
      begin.yield()
      try? await Task.sleep(for: .seconds(60))
      end.yield(Task.isCancelled)
    }
    try await withInterceptors(client: [waiting]) { connection in
      do {
        let replies = connection.serverStream(StreamService.count, EchoMessage())
        _ = await begun.first { _ in true }
        _ = consume replies
      }
      #expect(await ends.first { _ in true } == true)
    }
  }

  @Test(arguments: [true, false])
  func `an interceptor that does not go on, and says nothing, fails the call`(atServer: Bool)
    async throws
  {
    let silent = Interceptor { _, _ in }
    let error = await #expect(throws: RPCError.self) {
      try await withInterceptors(
        server: atServer ? [silent] : [], client: atServer ? [] : [silent]
      ) { _ = try await $0.call(StreamService.echo, EchoMessage()) }
    }
    #expect(error?.code == .internal)
    #expect(error?.message == "an interceptor did not go on with the call")
  }

  @Test(arguments: [true, false])
  func `an interceptor that keeps a stream's error to itself does not make it whole`(
    _ goesOn: Bool
  ) async throws {
    let silent = Interceptor { call, next in
      if goesOn { try? await next(call) }
    }
    let service = StreamService(count: { _, replies, _ in
      try await replies.write(EchoMessage(number: 1))
      throw RPCError(.dataLoss, "the rest is gone")
    })
    var numbers: [UInt64] = []
    do {
      try await withInterceptors(service, client: [silent]) { connection in
        for try await reply in connection.serverStream(StreamService.count, EchoMessage()) {
          numbers.append(reply.number)
        }
      }
      Issue.record("the stream ended as if it were whole")
    } catch let error as RPCError {
      #expect(error.code == .internal)
    }
    #expect(numbers == (goesOn ? [1] : []))
  }

  @Test func `a handler runs once, however often an interceptor goes on`() async throws {
    let twice = Interceptor { call, next in
      try await next(call)
      try await next(call)
    }
    let error = await #expect(throws: RPCError.self) {
      try await withInterceptors(server: [twice]) {
        _ = try await $0.call(StreamService.echo, EchoMessage())
      }
    }
    #expect(error?.message == "an interceptor went on with the call twice")
  }

  @Test func `a hook must leave a message its type`() async throws {
    let swapping = Interceptor { call, next in
      var call = call
      call.onRequest { $0 = ProtoDuration() }
      try await next(call)
    }
    let error = await #expect(throws: RPCError.self) {
      try await withInterceptors(client: [swapping]) {
        _ = try await $0.call(StreamService.echo, EchoMessage())
      }
    }
    #expect(error?.message == "an interceptor made a google.protobuf.Duration of a test.Echo")
  }

  @Test func `synchronous handlers and calls by name are intercepted, too`() async throws {
    let notes = Notes()
    let noting = Interceptor { call, next in
      notes.add(call.method)
      try await next(call)
    }
    try await withServer(options: ServerOptions(interceptors: [noting])) { address in
      let connection = try await Connection.connect(
        to: Address(address), options: ConnectionOptions(interceptors: [noting]))
      #expect(
        try await connection.call(EchoService.direct, EchoMessage(number: 4)).number == 4)
      let request = try EchoMessage(number: 5).encoded()
      let reply = try await connection.call(method: "test.Echo/Direct", request)
      #expect(try EchoMessage(decoding: reply.bytes).number == 5)
      connection.close()
    }
    #expect(notes.all == Array(repeating: "test.Echo/Direct", count: 4))
  }
}
