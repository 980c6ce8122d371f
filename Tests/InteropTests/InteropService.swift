import Baton
import BatonMessages

/// What the cases call: the features that gRPC's document asks of a server.
struct InteropService: TestService.Service {
  typealias Requests = MessageStream<StreamingOutputCallRequest>
  typealias Replies = ReplyWriter<StreamingOutputCallResponse>

  func emptyCall(_ request: Empty, context: CallContext) async throws -> Empty { Empty() }

  func unaryCall(_ request: SimpleRequest, context: CallContext) async throws -> SimpleResponse {
    try Self.echo(context)
    try request.responseStatus?.end()
    return SimpleResponse(payload: Payload(zeros: Int(request.responseSize)))
  }

  func streamingOutputCall(
    _ request: StreamingOutputCallRequest, replies: Replies, context: CallContext
  ) async throws {
    try await Self.answer(request, replies)
  }

  func streamingInputCall(
    _ requests: MessageStream<StreamingInputCallRequest>, context: CallContext
  ) async throws -> StreamingInputCallResponse {
    var size = 0
    for try await request in requests { size += request.payload?.body.count ?? 0 }
    return StreamingInputCallResponse(aggregatedPayloadSize: Int32(size))
  }

  func fullDuplexCall(_ requests: Requests, replies: Replies, context: CallContext) async throws {
    try Self.echo(context)
    for try await request in requests {
      try request.responseStatus?.end()
      try await Self.answer(request, replies)
    }
  }

  private static func answer(
    _ request: StreamingOutputCallRequest, _ replies: Replies
  ) async throws {
    for parameters in request.responseParameters {
      let payload = Payload(zeros: Int(parameters.size))
      try await replies.write(StreamingOutputCallResponse(payload: payload))
    }
  }

  static let initial = "x-grpc-test-echo-initial"
  static let trailing = "x-grpc-test-echo-trailing-bin"

  /// Sends back the metadata that the document names.
  private static func echo(_ context: CallContext) throws {
    if let text = context.metadata[initial] {
      try context.sendMetadata([initial: .text(text)])
    }
    if let bytes = context.metadata[bytes: trailing] {
      try context.setTrailers([trailing: .bytes(bytes)])
    }
  }
}

extension Payload {
  init(zeros count: Int) {
    self.init(body: [UInt8](repeating: 0, count: count))
  }
}

extension EchoStatus {
  func end() throws { throw RPCError(RPCError.Code(rawValue: code), message) }
}
