import Baton
import BatonMessages
import Synchronization
import Testing

/// One stream whose reader takes nothing, among a hundred that go on.
@Suite(.timeLimit(.minutes(2))) struct StalledStreamTests {
  /// A message, and how many of it use up the window that both ends have by default.
  struct Load: Sendable, CustomTestStringConvertible {
    let bytes: Int
    let descriptors: Int
    let window: Int

    /// 1,024 messages.
    static let messages = Load(bytes: 1, descriptors: 0, window: 1024)
    /// 1 MiB; the last message goes beyond.
    static let bytes = Load(bytes: 65_536, descriptors: 0, window: 16)
    /// 64 descriptors; the last message goes beyond.
    static let descriptors = Load(bytes: 1, descriptors: 3, window: 22)

    var testDescription: String { "\(bytes) bytes and \(descriptors) descriptors" }

    func message() throws -> EchoMessage {
      let file = try Descriptor.memory([1])
      return EchoMessage(
        payload: Array(repeating: 1, count: bytes),
        files: Array(repeating: file, count: descriptors))
    }
  }

  /// Counts what a writer has written, and tells when that is a window.
  private final class Written: Sendable {
    private let count = Mutex(0)
    private let isFull = AsyncStream<Void>.makeStream()
    private let window: Int

    init(_ load: Load) { window = load.window }

    var messages: Int { count.withLock { $0 } }

    func one() {
      let count = count.withLock { count in
        count += 1
        return count
      }
      if count == window { isFull.continuation.finish() }
    }

    func untilFull() async { for await _ in isFull.stream {} }
  }

  /// Has 25 calls of each kind bring all their messages, at the same time.
  private static func runHundredCalls(_ connection: Connection) async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<25 {
        group.addTask { try await countReplies(connection) }
        group.addTask { try await sumRequests(connection) }
        group.addTask { try await chat(connection) }
        group.addTask { try await call(connection) }
      }
      for try await count in group { #expect(count == 100) }
    }
  }

  private static let live = EchoMessage(payload: Array(repeating: 2, count: 5000), number: 1)

  private static func countReplies(_ connection: Connection) async throws -> Int {
    var count = 0
    for try await _ in connection.serverStream(StreamService.count, EchoMessage(number: 100)) {
      count += 1
    }
    return count
  }

  private static func sumRequests(_ connection: Connection) async throws -> Int {
    let sum = try await connection.clientStream(StreamService.sum) { requests in
      for _ in 0..<100 { try await requests.write(live) }
    }
    return Int(sum.number)
  }

  private static func chat(_ connection: Connection) async throws -> Int {
    try await connection.bidirectionalStream(StreamService.chat) { requests, replies in
      var answers = replies.makeAsyncIterator()
      var count = 0
      for _ in 0..<100 {
        try await requests.write(live)
        count += Int(try await answers.next()?.number ?? 0)
      }
      return count
    }
  }

  private static func call(_ connection: Connection) async throws -> Int {
    var count = 0
    for _ in 0..<100 { count += Int(try await connection.call(StreamService.echo, live).number) }
    return count
  }

  @Test(arguments: [Load.messages, .bytes, .descriptors])
  func `replies that nobody takes wait up to their window, and hold up no other call`(
    load: Load
  ) async throws {
    let written = Written(load)
    let message = try load.message()
    var service = StreamService()
    let live = service.count
    service.count = { request, replies, context in
      if request.number > 0 { return try await live(request, replies, context) }
      while true {
        try await replies.write(message)
        written.one()
      }
    }
    try await withStreams(service) { connection in
      let stalled = connection.serverStream(StreamService.count, EchoMessage())
      await written.untilFull()
      try await Self.runHundredCalls(connection)
      #expect(written.messages == load.window, "the handler waits, as its window is used up")
      var replies = stalled.makeAsyncIterator()
      for _ in 0..<(2 * load.window) { #expect(try await replies.next() != nil) }
    }
  }

  @Test(arguments: [Load.messages, .bytes, .descriptors])
  func `requests that a handler does not take wait up to their window, and hold up no other call`(
    load: Load
  ) async throws {
    let written = Written(load)
    let message = try load.message()
    let (untilRead, read) = AsyncStream<Void>.makeStream()
    var service = StreamService()
    let live = service.chat
    service.chat = { requests, replies, context in
      if context.metadata["stalled"] != nil { for await _ in untilRead {} }
      try await live(requests, replies, context)
    }
    let options = CallOptions(metadata: ["stalled": "yes"])
    try await withStreams(service) { connection in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await connection.bidirectionalStream(StreamService.chat, options: options) {
            requests, replies in
            for _ in 0..<(2 * load.window) {
              try await requests.write(message)
              written.one()
            }
            requests.finish()
            var count = 0
            for try await _ in replies { count += 1 }
            #expect(count == 2 * load.window)
          }
        }
        await written.untilFull()
        try await Self.runHundredCalls(connection)
        #expect(written.messages == load.window, "the client waits, as its window is used up")
        read.finish()
        try await group.waitForAll()
      }
    }
  }
}
