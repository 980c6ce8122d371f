import Baton
import BatonMessages
import Testing

/// Streams of methods that are known by name alone.
@Suite(.timeLimit(.minutes(1))) struct EncodedStreamTests {
  @Test func `replies come in order, each with its descriptors, read or not`() async {
    await #expect(processExitsWith: .success) {
      let before = OpenNumbers.names()
      try await withStreams { connection in
        let file = try Descriptor.memory(Array("hello".utf8))
        let request = try EchoMessage(number: 300, files: [file]).encoded()
        var replies = connection.serverStream(method: StreamService.count.name, request)
          .makeIterator()
        var next: UInt64 = 0
        while let reply = try await replies.next() {
          #expect(reply.descriptors.count == 1)
          if next % 2 == 0 {
            let message = try EchoMessage(reading: reply)
            #expect(message.number == next)
            #expect(try message.files[0].readAll() == Array("hello".utf8))
          }
          next += 1
        }
        #expect(next == 300)
      }
      await OpenNumbers.expect(before)
    }
  }

  @Test func `requests and replies of a bidirectional stream alternate`() async throws {
    try await withStreams { connection in
      let count = try await connection.bidirectionalStream(method: StreamService.chat.name) {
        requests, replies in
        var answers = replies.makeIterator()
        for number in 0..<100 as Range<UInt64> {
          try await requests.write(try EchoMessage(number: number).encoded())
          let answer = try await answers.some()
          #expect(try EchoMessage(reading: answer).number == number)
        }
        #expect(!requests.hasEnded)
        requests.finish()
        let isOver = try await answers.next() == nil
        #expect(isOver)
        #expect(requests.hasEnded)
        return 100
      }
      #expect(count == 100)
    }
  }

  @Test func `a method with one reply is called as if it had a stream of them`() async throws {
    try await withStreams { connection in
      try await connection.bidirectionalStream(method: StreamService.sum.name) {
        requests, replies in
        for number in 1...3 as ClosedRange<UInt64> {
          try await requests.write(try EchoMessage(number: number).encoded())
        }
        requests.finish()
        var answers = replies.makeIterator()
        let answer = try await answers.some()
        #expect(try EchoMessage(reading: answer).number == 6)
        let isOver = try await answers.next() == nil
        #expect(isOver)
      }
    }
  }

  @Test func `an error ends the replies, and the requests`() async throws {
    var service = StreamService()
    service.chat = { _, _, _ in throw RPCError(.aborted, "no") }
    try await withStreams(service) { connection in
      try await connection.bidirectionalStream(method: StreamService.chat.name) {
        requests, replies in
        var answers = replies.makeIterator()
        do throws(RPCError) {
          _ = try await answers.next()
          Issue.record("expected an error")
        } catch {
          #expect(error == RPCError(.aborted, "no", origin: .peer))
        }
        #expect(requests.hasEnded)
        let error = await #expect(throws: RPCError.self) {
          try await requests.write(try EchoMessage().encoded())
        }
        #expect(error?.code == .aborted)
      }
    }
  }

  @Test func `letting go of the replies cancels the call`() async throws {
    let (ended, end) = AsyncStream<RPCError.Code>.makeStream()
    var service = StreamService()
    service.count = { _, replies, _ in
      do {
        while true { try await replies.write(EchoMessage()) }
      } catch let error as RPCError {
        end.yield(error.code)
      }
    }
    try await withStreams(service) { connection in
      let request = try EchoMessage().encoded()
      do {
        var replies = connection.serverStream(method: StreamService.count.name, request)
          .makeIterator()
        let reply = try await replies.some()
        #expect(reply.bytes == [])
      }
      #expect(await ended.first { _ in true } == .cancelled)
    }
  }
}

extension EchoMessage {
  fileprivate init(reading reply: consuming Reply) throws(CodecError) {
    try self.init(decoding: reply.bytes, descriptors: &reply.descriptors)
  }
}

extension ReplyStream.Iterator {
  /// The next reply, which there is.
  fileprivate mutating func some() async throws -> Reply {
    struct Ended: Error {}
    if let reply = try await next() { return reply }
    throw Ended()
  }
}
