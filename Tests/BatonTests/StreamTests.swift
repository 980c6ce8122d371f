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

  @Test func `each of two tasks that write to one stream keeps its order`() async throws {
    try await withStreams { connection in
      let numbers = try await connection.bidirectionalStream(StreamService.chat) {
        requests, replies in
        async let written: Void = withThrowingTaskGroup { group in
          for first in [0, 1_000_000] as [UInt64] {
            group.addTask {
              try await onOwnThread {
                let file = try Descriptor.memory(Array("\(first)".utf8))
                for number in first..<first + 500 {
                  try await requests.write(EchoMessage(number: number, files: [file]))
                }
              }
            }
          }
          try await group.waitForAll()
          requests.finish()
        }
        var numbers: [UInt64] = []
        for try await reply in replies {
          numbers.append(reply.number)
          let text = String(decoding: try reply.files[0].readAll(), as: UTF8.self)
          #expect(text == (reply.number < 1_000_000 ? "0" : "1000000"))
        }
        try await written
        return numbers
      }
      #expect(numbers.filter { $0 < 1_000_000 } == Array(0..<500))
      #expect(numbers.filter { $0 >= 1_000_000 } == Array(1_000_000..<1_000_500))
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
}
