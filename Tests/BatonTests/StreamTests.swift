import Baton
import BatonMessages
import Synchronization
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
  @Test func `a server stream brings every reply in order`() async throws {
    try await withStreams { connection in
      var numbers: [UInt64] = []
      let replies = connection.serverStream(StreamService.count, EchoMessage(number: 5000))
      for try await reply in replies { numbers.append(reply.number) }
      #expect(numbers == Array(0..<5000))
    }
  }

  @Test func `a client stream is summed up in one reply`() async throws {
    try await withStreams { connection in
      let sum = try await connection.clientStream(StreamService.sum) { requests in
        for number in 1...3000 { try await requests.write(EchoMessage(number: UInt64(number))) }
      }
      #expect(sum.number == 4_501_500)
    }
  }

  @Test func `requests and replies of a bidirectional stream alternate`() async throws {
    try await withStreams { connection in
      try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
        var answers = replies.makeAsyncIterator()
        for number in 0..<100 as Range<UInt64> {
          try await requests.write(EchoMessage(number: number))
          #expect(try await answers.next()?.number == number)
        }
        requests.finish()
        #expect(try await answers.next() == nil)
      }
    }
  }

  @Test(.processOfItsOwn)
  func `every message of a stream carries descriptors, and none is left open`() async {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      try await withStreams { connection in
        let file = try Descriptor.memory(Array("hello".utf8))
        var count = 0
        let request = EchoMessage(number: 300, files: [file, file])
        for try await reply in connection.serverStream(StreamService.count, request) {
          #expect(try reply.files.map { try $0.readAll().count } == [5, 5])
          count += 1
        }
        #expect(count == 300)
        let sum = try await connection.clientStream(StreamService.sum) { requests in
          for _ in 0..<200 { try await requests.write(EchoMessage(number: 1, files: [file])) }
        }
        #expect(sum.files.count == 200)
      }
      await OpenNumbers.expect(before)
    }
  }

  @Test func `a stream that nobody reads stalls its writer, and no other call`() async throws {
    let written = Mutex(0)
    let (stalled, stall) = AsyncStream<Void>.makeStream()
    var service = StreamService()
    service.count = { request, replies, _ in
      let isStalled = request.number == 0
      for number in 0..<(isStalled ? 1_000_000 : 1000) as Range<UInt64> {
        try await replies.write(
          EchoMessage(payload: Array(repeating: 1, count: 100), number: number))
        if isStalled,
          written.withLock({
            $0 += 1
            return $0
          }) == 1024
        {
          stall.finish()
        }
      }
    }
    try await withStreams(service) { connection in
      let lazy = connection.serverStream(StreamService.count, EchoMessage(number: 0))
      for await _ in stalled {}
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<100 {
          group.addTask {
            var count = 0
            let request = EchoMessage(number: 1)
            for try await _ in connection.serverStream(StreamService.count, request) { count += 1 }
            return count
          }
        }
        for try await count in group { #expect(count == 1000) }
      }
      // The window's messages and no more: what was written lies here, not on its way.
      #expect(written.withLock { $0 } == 1024)
      var iterator = lazy.makeAsyncIterator()
      #expect(try await iterator.next()?.number == 0)
    }
  }

  @Test func `a writer that need not wait gives the loop away now and then`() async throws {
    var service = StreamService()
    service.count = { request, replies, _ in
      let ran = Flag()
      // Runs on the writer's loop, when that has it not.
      async let other: Void = ran.set()
      for number in 0..<request.number { try await replies.write(EchoMessage(number: number)) }
      #expect(ran.isSet)
      await other
    }
    try await withStreams(service) { connection in
      var count = 0
      // Fewer than the window, so that credit is no reason to wait.
      for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 500)) {
        count += 1
      }
      #expect(count == 500)
    }
  }

  private final class Flag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }

    func set() { state.store(true, ordering: .relaxed) }
  }

  @Test func `leaving the loop cancels the call and its handler`() async throws {
    let (ended, end) = AsyncStream<RPCError.Code>.makeStream()
    var service = StreamService()
    service.count = { _, replies, _ in
      do {
        while true { try await replies.write(EchoMessage()) }
      } catch let error as RPCError {
        end.yield(error.code)
        throw error
      }
    }
    try await withStreams(service) { connection in
      for try await _ in connection.serverStream(StreamService.count, EchoMessage()) { break }
      #expect(await ended.first { _ in true } == .cancelled)
    }
  }

  @Test func `cancelling the task that iterates ends the iteration`() async throws {
    var service = StreamService()
    service.count = { _, replies, _ in
      try await replies.write(EchoMessage())
      try await Task.sleep(for: .seconds(60))
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await withThrowingTaskGroup(of: Void.self) { group in
          let (begun, begin) = AsyncStream<Void>.makeStream()
          group.addTask {
            for try await _ in connection.serverStream(StreamService.count, EchoMessage()) {
              begin.yield()
            }
          }
          _ = await begun.first { _ in true }
          group.cancelAll()
          try await group.waitForAll()
        }
      }
      #expect(error?.code == .cancelled)
    }
  }

  @Test func `a server that answers early ends the requests, and its answer counts`() async throws {
    var service = StreamService()
    service.sum = { requests, _ in
      for try await request in requests { return request }
      return EchoMessage()
    }
    try await withStreams(service) { connection in
      let reply = try await connection.clientStream(StreamService.sum) { requests in
        while true { try await requests.write(EchoMessage(number: 7)) }
      }
      #expect(reply.number == 7)
    }
  }

  @Test func `an error of the handler ends a stream behind what was written`() async throws {
    var service = StreamService()
    service.count = { _, replies, _ in
      for number in 0..<3 as Range<UInt64> { try await replies.write(EchoMessage(number: number)) }
      throw RPCError(.dataLoss, "the rest is gone")
    }
    try await withStreams(service) { connection in
      var numbers: [UInt64] = []
      let error = await #expect(throws: RPCError.self) {
        for try await reply in connection.serverStream(StreamService.count, EchoMessage()) {
          numbers.append(reply.number)
        }
      }
      #expect(numbers == [0, 1, 2])
      #expect(error == RPCError(.dataLoss, "the rest is gone", origin: .peer))
    }
  }

  @Test func `an error in the closure that writes requests cancels the call`() async throws {
    struct Torn: Error {}
    let (ended, end) = AsyncStream<RPCError.Code?>.makeStream()
    var service = StreamService()
    service.sum = { requests, _ in
      do {
        for try await _ in requests {}
        end.yield(nil)
      } catch {
        end.yield((error as? RPCError)?.code)
      }
      return EchoMessage()
    }
    try await withStreams(service) { connection in
      await #expect(throws: Torn.self) {
        try await connection.clientStream(StreamService.sum) { requests in
          try await requests.write(EchoMessage())
          throw Torn()
        }
      }
      #expect(await ended.first { _ in true } == .cancelled)
    }
  }

  @Test func `the deadline covers a writer that waits for a server that takes nothing`()
    async throws
  {
    var service = StreamService()
    service.sum = { _, _ in
      try await Task.sleep(for: .seconds(60))
      return EchoMessage()
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.clientStream(
          StreamService.sum, options: CallOptions(timeout: .milliseconds(50))
        ) { requests in
          while true { try await requests.write(EchoMessage()) }
        }
      }
      #expect(error?.code == .deadlineExceeded)
    }
  }

  @Test func `an empty stream of requests and an empty stream of replies are calls`() async throws {
    try await withStreams { connection in
      let sum = try await connection.clientStream(StreamService.sum) { _ in }
      #expect(sum.number == 0)
      for try await reply in connection.serverStream(StreamService.count, EchoMessage(number: 0)) {
        Issue.record("expected no reply, got \(reply)")
      }
    }
  }

  @Test func `the loss of a connection ends its streams with UNAVAILABLE`() async throws {
    var service = StreamService()
    service.count = { _, replies, _ in
      try await replies.write(EchoMessage())
      try await Task.sleep(for: .seconds(60))
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        for try await _ in connection.serverStream(StreamService.count, EchoMessage()) {
          connection.close()
        }
      }
      #expect(error?.code == .unavailable)
    }
  }

  @Test func `metadata goes with the request, ahead of the reply and behind it`() async throws {
    var service = StreamService()
    service.echo = { request, context in
      try context.sendMetadata(["seen": .text(context.metadata["key"] ?? "")])
      try context.setTrailers(["bytes-bin": .bytes(context.metadata[bytes: "key-bin"] ?? [])])
      return request
    }
    try await withStreams(service) { connection in
      let info = ReplyInfo()
      let reply = try await connection.call(
        StreamService.echo, EchoMessage(number: 3),
        options: CallOptions(metadata: ["key": "value", "key-bin": [1, 2]], info: info))
      #expect(reply.number == 3)
      #expect(info.metadata == ["seen": "value"])
      #expect(info.trailers == ["bytes-bin": [1, 2]])
    }
  }

  @Test func `an error carries details of any type and trailers`() async throws {
    let detail = try ProtoAny(packing: ProtoDuration(seconds: 7))
    var service = StreamService()
    service.echo = { _, _ in
      throw RPCError(.aborted, "no", details: [detail], trailers: ["why": "because"])
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(StreamService.echo, EchoMessage())
      }
      #expect(error?.details == [detail])
      #expect(error?.trailers == ["why": "because"])
    }
  }

  @Test(arguments: [
    (Metadata([.init("Upper", .text("x"))]), "Upper"),
    (Metadata([.init("key", .text("é"))]), "printable ASCII"),
    (Metadata([.init("key", .bytes([1]))]), "text"),
    (Metadata([.init("key-bin", .text("x"))]), "bytes"),
    (Metadata([.init("", .text("x"))]), "1 to 256"),
  ])
  func `metadata that is not allowed fails the call, and says why`(
    metadata: Metadata, text: String
  ) async throws {
    try await withStreams { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(
          StreamService.echo, EchoMessage(), options: CallOptions(metadata: metadata))
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains(text) == true)
    }
  }

  @Test func `a call that a handler makes ends with the handler's deadline`() async throws {
    let (deadlines, tell) = AsyncStream<Bool>.makeStream()
    var inner = StreamService()
    inner.echo = { request, context in
      let left = context.deadline.map { ContinuousClock.now.duration(to: $0) }
      tell.yield(left.map { $0 > .zero && $0 <= .seconds(5) } ?? false)
      return request
    }
    try await withStreams(inner) { backend in
      var service = StreamService()
      service.echo = { request, _ in
        try await backend.call(
          StreamService.echo, request, options: CallOptions(timeout: .seconds(100)))
      }
      try await withStreams(service) { connection in
        _ = try await connection.call(
          StreamService.echo, EchoMessage(), options: CallOptions(timeout: .seconds(5)))
        #expect(await deadlines.first { _ in true } == true)
      }
    }
  }

  @Test(arguments: [1 << 20, 5_000_001]) func `a message of many packets arrives whole`(size: Int)
    async throws
  {
    try await withStreams { connection in
      let pattern = (0..<251).map { UInt8($0) }
      let payload = Array(repeatElement(pattern, count: size / 251 + 1).joined().prefix(size))
      let reply = try await connection.call(StreamService.echo, EchoMessage(payload: payload))
      #expect(reply.payload == payload)
    }
  }

  @Test func `a message over the peer's limit is refused before it leaves`() async throws {
    var options = ServerOptions()
    options.largestMessage = 1 << 20
    try await withStreams(options: options) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(
          StreamService.echo, EchoMessage(payload: Array(repeating: 1, count: 1 << 20)))
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("1048576") == true)
    }
  }

  @Test(.processOfItsOwn) func `more descriptors than a packet takes arrive in their order`() async
  {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      try await withStreams { connection in
        let files = try (0..<600).map { try Descriptor.memory(Array("\($0)".utf8)) }
        let reply = try await connection.call(StreamService.echo, EchoMessage(files: files))
        let texts = try reply.files.map { try $0.readTextToEnd() }
        #expect(texts == (0..<600).map { "\($0)" })
      }
      await OpenNumbers.expect(before)
    }
  }

  @Test func `large messages keep their place among the short ones of their stream`() async throws {
    let sizes = [1, 400_000, 1, 1, 500_000, 300_000, 1]
    @Sendable func parcels() -> [EchoMessage] {
      sizes.enumerated().map { number, size in
        EchoMessage(payload: Array(repeating: UInt8(number), count: size), number: UInt64(number))
      }
    }
    var service = StreamService()
    service.count = { _, replies, context in
      try context.sendMetadata(["ahead": "yes"])
      for parcel in parcels() { try await replies.write(parcel) }
    }
    try await withStreams(service) { connection in
      try await withTaskExecutorPreference(connection.loop) {
        let info = ReplyInfo()
        var replies: [EchoMessage] = []
        for try await reply in connection.serverStream(
          StreamService.count, EchoMessage(), options: CallOptions(info: info))
        {
          replies.append(reply)
        }
        #expect(replies.map(\.number) == Array(0..<7))
        #expect(replies.map(\.payload.count) == sizes)
        #expect(info.metadata == ["ahead": "yes"])

        // A stream that begins with a large request, as the first on its loop.
        var answers: [Int] = []
        try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
          for parcel in parcels().dropFirst() { try await requests.write(parcel) }
          requests.finish()
          for try await reply in replies { answers.append(reply.payload.count) }
        }
        #expect(answers == Array(sizes.dropFirst()))
      }
    }
  }

  @Test func `short calls pass a large message that is on its way`() async throws {
    try await withStreams { connection in
      let (order, done) = AsyncStream<String>.makeStream()
      let large = EchoMessage(payload: Array(repeating: 1, count: 32 << 20))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try await connection.call(StreamService.echo, large)
          done.yield("large")
        }
        group.addTask {
          for _ in 0..<10 { _ = try await connection.call(StreamService.echo, EchoMessage()) }
          done.yield("short")
        }
        try await group.waitForAll()
      }
      #expect(await order.first { _ in true } == "short")
    }
  }

  @Test func `a service of the client is called over the same connection`() async throws {
    var callback = StreamService()
    callback.echo = { request, _ in EchoMessage(number: request.number * 2) }
    var service = StreamService()
    service.echo = { request, context in
      let client = try #require(context.connection)
      var total = try await client.call(StreamService.echo, request).number
      for try await reply in client.serverStream(StreamService.count, EchoMessage(number: 10)) {
        total += reply.number
      }
      return EchoMessage(number: total)
    }
    try await withStreams(service, connection: ConnectionOptions(services: [callback])) {
      connection in
      let reply = try await connection.call(StreamService.echo, EchoMessage(number: 4))
      #expect(reply.number == 53)
    }
  }

  @Test func `a handler may call its client while its server waits for it to end`() async throws {
    let (begun, begins) = AsyncStream<Void>.makeStream()
    let (hurry, hurries) = AsyncStream<Void>.makeStream()
    let service = StreamService(echo: { request, context in
      begins.finish()
      for await _ in hurry {}
      let client = try #require(context.connection)
      return try await client.call(StreamService.echo, request)
    })
    let callback = StreamService(echo: { request, _ in EchoMessage(number: request.number * 2) })
    let server = Server(addresses: [], services: [service])
    try await onOwnThread {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect(options: ConnectionOptions(services: [callback]))
        async let reply = connection.call(StreamService.echo, EchoMessage(number: 4))
        for await _ in begun {}
        group.cancelAll()
        // The server's goodbye has come.
        for await state in connection.states where state != .ready { break }
        hurries.finish()
        #expect(try await reply.number == 8)
        try await group.waitForAll()
        connection.close()
      }
    }
  }

  @Test(arguments: [
    ServerOptions(descriptorsPerConnection: 3), ServerOptions(descriptors: 3),
  ])
  func `descriptors of a stream's requests are bounded, and counted off when they are dealt with`(
    options: ServerOptions
  ) async throws {
    var service = StreamService()
    service.sum = { _, _ in
      try await Task.sleep(for: .seconds(60))
      return EchoMessage()
    }
    let file = try Descriptor.memory([1])
    try await withStreams(service, options: options) { connection in
      for _ in 0..<2 {
        try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
          var answers = replies.makeAsyncIterator()
          for _ in 0..<5 {
            try await requests.write(EchoMessage(files: [file, file]))
            #expect(try await answers.next()?.files.count == 2)
          }
        }
        let error = await #expect(throws: RPCError.self) {
          try await connection.clientStream(StreamService.sum) { requests in
            for _ in 0..<4 { try await requests.write(EchoMessage(files: [file])) }
          }
        }
        #expect(error?.code == .resourceExhausted)
      }
    }
  }

  @Test func `a client that serves something goes on with its requests after a goodbye`()
    async throws
  {
    let server = Server(addresses: [], services: [StreamService()])
    try await onOwnThread {
      let connection = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let connection = try await server.connect(
          options: ConnectionOptions(services: [StreamService()]))
        let sum = try await connection.clientStream(StreamService.sum) { requests in
          try await requests.write(EchoMessage(number: 1))
          // The server has begun the stream when it answers what came behind it.
          _ = try await connection.call(StreamService.echo, EchoMessage())
          group.cancelAll()
          // Refused once the goodbye is there.
          while (try? await connection.call(StreamService.echo, EchoMessage())) != nil {}
          try await requests.write(EchoMessage(number: 2))
        }
        #expect(sum.number == 3)
        return connection
      }
      connection.close()
    }
  }

  @Test func `answers that are all written before the client can read are no reason to leave`()
    async throws
  {
    var service = StreamService()
    service.echo = { _, _ in EchoMessage(payload: Array(repeating: 1, count: 200_000)) }
    try await withStreams(service) { connection in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<200 {
          group.addTask {
            try await connection.call(StreamService.echo, EchoMessage()).payload.count
          }
        }
        for try await size in group { #expect(size == 200_000) }
      }
    }
  }

  @Test func `a client that serves nothing says so to a server that calls it`() async throws {
    var service = StreamService()
    service.echo = { request, context in
      let client = try #require(context.connection)
      return try await client.call(StreamService.echo, request)
    }
    try await withStreams(service) { connection in
      let error = await #expect(throws: RPCError.self) {
        try await connection.call(StreamService.echo, EchoMessage())
      }
      #expect(error?.code == .unimplemented)
    }
  }
}
