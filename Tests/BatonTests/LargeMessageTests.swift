import Baton
import BatonMessages
import Testing

/// Messages of more bytes or descriptors than a packet takes.
@Suite(.timeLimit(.minutes(1))) struct LargeMessageTests {
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
}
