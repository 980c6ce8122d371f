import Baton
import BatonMessages

/// What `shelf.proto` has that says more than it replies.
struct DeskServer: Desk.Service {
  func echo(_ request: TakeRequest, context: CallContext) async throws -> TakeRequest {
    try context.sendMetadata(context.metadata)
    try context.setTrailers(["desk": "closed"])
    return request
  }

  func echoAll(
    _ request: TakeRequest, replies: ReplyWriter<TakeRequest>, context: CallContext
  ) async throws {
    try context.sendMetadata(context.metadata)
    for text in request.texts { try await replies.write(TakeRequest(texts: [text])) }
    try context.setTrailers(["desk": "closed"])
  }

  func refuse(_ request: FailRequest, context: CallContext) async throws -> TakeRequest {
    try context.setTrailers(["desk": "closed"])
    throw try Self.error(request)
  }

  func refuseAll(
    _ request: FailRequest, replies: ReplyWriter<TakeRequest>, context: CallContext
  ) async throws {
    try context.setTrailers(["desk": "closed"])
    throw try Self.error(request)
  }

  private static func error(_ request: FailRequest) throws -> RPCError {
    RPCError(
      RPCError.Code(rawValue: request.code), request.message,
      details: [
        try ProtoAny(packing: request), try ProtoAny(packing: ProtoDuration(seconds: 3)),
        ProtoAny(typeUrl: "type.googleapis.com/desk.v1.Unknown", value: [1, 2, 3]),
        ProtoAny(typeUrl: "type.googleapis.com/shelf.v1.FailRequest", value: [0xFF]),
      ])
  }
}

/// Lets nobody in without a token, not even to see the schema.
struct TokenGuard: ServerInterceptor {
  nonisolated(nonsending) func intercept(
    _ call: InterceptedCall, context: CallContext,
    next: (InterceptedCall) async throws -> Void
  ) async throws {
    guard context.metadata["authorization"] == "Bearer abc" else {
      throw RPCError(.unauthenticated, "expected a token")
    }
    try await next(call)
  }
}
