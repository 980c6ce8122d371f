import Baton
import BatonMessages

/// A service whose methods are streams and whose handlers are closures, as generated code would
/// declare it.
struct StreamService: RPCService {
  static let schema = ServiceSchema(
    name: "test.Stream", file: SchemaFile(name: "test/stream.proto", base64: ""))
  static let echo = Method<EchoMessage, EchoMessage>("test.Stream", "Echo")
  static let count = Method<EchoMessage, EchoMessage>("test.Stream", "Count")
  static let sum = Method<EchoMessage, EchoMessage>("test.Stream", "Sum")
  static let chat = Method<EchoMessage, EchoMessage>("test.Stream", "Chat")

  typealias Requests = MessageStream<EchoMessage>
  typealias Replies = ReplyWriter<EchoMessage>

  var echo: @Sendable (EchoMessage, CallContext) async throws -> EchoMessage = { request, _ in
    request
  }

  /// As many numbered replies as the request says, each with its files.
  var count: @Sendable (EchoMessage, Replies, CallContext) async throws -> Void = {
    request, replies, _ in
    for number in 0..<request.number {
      try await replies.write(EchoMessage(number: number, files: request.files))
    }
  }

  /// The sum of the requests' numbers, and all their files.
  var sum: @Sendable (Requests, CallContext) async throws -> EchoMessage = { requests, _ in
    var sum = EchoMessage()
    for try await request in requests {
      sum.number += request.number
      sum.files += request.files
    }
    return sum
  }

  /// Every request back.
  var chat: @Sendable (Requests, Replies, CallContext) async throws -> Void = {
    requests, replies, _ in
    for try await request in requests { try await replies.write(request) }
  }

  func register(in methods: inout MethodTable) {
    methods.add(Self.echo) { try await echo($0, $1) }
    methods.addServerStream(Self.count) { try await count($0, $1, $2) }
    methods.addClientStream(Self.sum) { try await sum($0, $1) }
    methods.addBidirectionalStream(Self.chat) { try await chat($0, $1, $2) }
  }
}

/// Runs `body` with a connection to a server in this process, on a thread of its own.
func withStreams<Result>(
  _ service: StreamService = StreamService(), options: ServerOptions = ServerOptions(),
  connection: ConnectionOptions = ConnectionOptions(),
  _ body: (Connection) async throws -> Result
) async throws -> Result {
  let server = Server(addresses: [], services: [service], options: options)
  return try await onOwnThread {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let connection = try await server.connect(options: connection)
      let result = try await body(connection)
      connection.close()
      group.cancelAll()
      return result
    }
  }
}
