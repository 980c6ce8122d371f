import Baton
import BatonMessages
import GoldenTypes
import Testing

/// The generated server and client of `golden/service.proto` speak with each other.
@Suite(.timeLimit(.minutes(1))) struct GeneratedStreamTests {
  @Test(arguments: [Spring() as any RPCService, QuickSpring()])
  func `methods of all four kinds are served and called`(service: any RPCService) async throws {
    try await withFlow(service) { flow in
      let drops = (1...3).map { Drop(number: $0) }
      #expect(try await flow.ask(Drop(number: 7)).numbers == [7])

      var watched: [UInt64] = []
      for try await drop in flow.watch(Pool(drops: drops)) { watched.append(drop.number) }
      #expect(watched == [1, 2, 3])

      let gathered = try await flow.gather { requests in
        for drop in drops { try await requests.write(drop) }
      }
      #expect(gathered.numbers == [1, 2, 3])

      let answered = try await flow.talk { requests, replies in
        var answers = replies.makeAsyncIterator()
        var answered: [UInt64] = []
        for drop in drops {
          try await requests.write(drop)
          answered += try await answers.next()?.numbers ?? []
        }
        requests.finish()
        #expect(try await answers.next() == nil)
        return answered
      }
      #expect(answered == [1, 2, 3])
    }
  }

  @Test func `descriptors travel in every message of a stream`() async throws {
    try await withFlow(Spring()) { flow in
      let pool = try await flow.gather { requests in
        for text in ["a", "b"] {
          try await requests.write(Drop(content: try .memory(Array(text.utf8))))
        }
      }
      var texts: [String?] = []
      for try await drop in flow.watch(pool) {
        texts.append(try drop.content?.readTextToEnd())
      }
      #expect(texts == ["a", "b"])
    }
  }

  @Test func `options reach calls of every kind`() async throws {
    try await withFlow(Spring()) { flow in
      let options = CallOptions(metadata: ["refuse": "yes"])
      for kind in ["watch", "gather", "talk"] {
        let error = await #expect(throws: RPCError.self) {
          switch kind {
          case "watch": for try await _ in flow.watch(Pool(), options: options) {}
          case "gather": _ = try await flow.gather(options: options) { _ in }
          default:
            try await flow.talk(options: options) { _, replies in for try await _ in replies {} }
          }
        }
        #expect(error == RPCError(.aborted, kind, origin: .peer))
      }
    }
  }
}

extension Pool {
  fileprivate var numbers: [UInt64] { drops.map(\.number) }
}

private struct Spring: Flow.Service {
  func ask(_ request: Drop, context: CallContext) async throws -> Pool {
    Pool(drops: [request])
  }

  func watch(_ request: Pool, replies: ReplyWriter<Drop>, context: CallContext) async throws {
    try refuse("watch", context)
    for drop in request.drops { try await replies.write(drop) }
  }

  func gather(_ requests: MessageStream<Drop>, context: CallContext) async throws -> Pool {
    try refuse("gather", context)
    var pool = Pool()
    for try await drop in requests { pool.drops.append(drop) }
    return pool
  }

  func talk(
    _ requests: MessageStream<Drop>, replies: ReplyWriter<Pool>, context: CallContext
  ) async throws {
    try refuse("talk", context)
    for try await drop in requests { try await replies.write(Pool(drops: [drop])) }
  }

  private func refuse(_ kind: String, _ context: CallContext) throws {
    if context.metadata["refuse"] != nil { throw RPCError(.aborted, kind) }
  }
}

/// The same, where what is not a stream is answered on the loop itself.
private struct QuickSpring: Flow.SynchronousService {
  func ask(_ request: Drop, context: CallContext) throws -> Pool {
    Pool(drops: [request])
  }

  func watch(_ request: Pool, replies: ReplyWriter<Drop>, context: CallContext) async throws {
    try await Spring().watch(request, replies: replies, context: context)
  }

  func gather(_ requests: MessageStream<Drop>, context: CallContext) async throws -> Pool {
    try await Spring().gather(requests, context: context)
  }

  func talk(
    _ requests: MessageStream<Drop>, replies: ReplyWriter<Pool>, context: CallContext
  ) async throws {
    try await Spring().talk(requests, replies: replies, context: context)
  }
}

/// Runs `body` on a thread of its own with a client of `service` in this process.
private func withFlow(
  _ service: any RPCService, _ body: (Flow.Client) async throws -> Void
) async throws {
  let server = Server(addresses: [], services: [service])
  let loop = try EventLoop()
  defer { loop.shutdown() }
  try await withTaskExecutorPreference(loop) {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let connection = try await server.connect()
      try await body(Flow.Client(connection))
      connection.close()
      group.cancelAll()
    }
  }
}
