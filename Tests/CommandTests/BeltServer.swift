import Baton
import BatonMessages
import Foundation

/// The streams of `shelf.proto`.
struct BeltServer: Belt.Service {
  /// Is told when a caller has left.
  let left: AsyncStream<Void>.Continuation

  func deal(
    _ request: TakeRequest, replies: ReplyWriter<TakeReply>, context: CallContext
  ) async throws {
    for text in request.texts {
      try await replies.write(TakeReply(items: text.isEmpty ? [] : [try Self.item(text)]))
    }
  }

  func drip(
    _ request: TakeRequest, replies: ReplyWriter<Item>, context: CallContext
  ) async throws {
    for text in request.texts { try await replies.write(try Self.item(text)) }
    let (never, _) = AsyncStream<Void>.makeStream()
    for await _ in never {}
    left.yield()
  }

  func collect(
    _ requests: MessageStream<Item>, context: CallContext
  ) async throws -> TakeRequest {
    var texts: [String] = []
    do {
      for try await item in requests { texts.append(try item.content.readTextToEnd()) }
    } catch {
      left.yield()
      throw error
    }
    return TakeRequest(texts: texts)
  }

  func swap(
    _ requests: MessageStream<Item>, replies: ReplyWriter<Item>, context: CallContext
  ) async throws {
    for try await item in requests { try await replies.write(item) }
  }

  func first(
    _ requests: MessageStream<Item>, replies: ReplyWriter<Item>, context: CallContext
  ) async throws {
    for try await item in requests { return try await replies.write(item) }
  }

  func reject(_ requests: MessageStream<Item>, context: CallContext) async throws -> Item {
    throw RPCError(.failedPrecondition, "no more room")
  }

  private static func item(_ text: String) throws -> Item {
    Item(name: text, content: try .memory(Array(text.utf8), sealed: true))
  }
}

/// A belt in this process.
struct RunningBelt {
  let address: String
  private let left: AsyncStream<Void>

  /// Waits until a caller has left before the end of its call.
  func untilLeft() async {
    _ = await left.first { _ in true }
  }

  /// Runs `body` while the belt runs, on a thread of its own: other tests may hold every thread of
  /// Swift's pool while they wait for processes.
  static func run<Result>(_ body: (RunningBelt) async throws -> Result) async throws -> Result {
    let (left, leave) = AsyncStream<Void>.makeStream()
    let belt = RunningBelt(
      address: "unix:@baton-belt-\(UInt64.random(in: 0 ... .max))", left: left)
    let server = Server(address: belt.address, services: [BeltServer(left: leave)])
    try server.bind()
    let loop = try EventLoop()
    defer { loop.shutdown() }
    return try await withTaskExecutorPreference(loop) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        let result = try await body(belt)
        group.cancelAll()
        return result
      }
    }
  }

  /// `baton call` of one of the belt's methods.
  func call(
    _ method: String, _ arguments: String..., input: String = "", directory: URL = Tool.package
  ) async throws -> Tool.Result {
    try await Tool.run(
      Tool.product("baton"), ["call", address, "shelf.v1.Belt/\(method)"] + arguments,
      input: input, directory: directory)
  }
}
