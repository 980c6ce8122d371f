import Baton
import BatonMessages

/// The service that peers in other languages call and serve.
struct RelayService: Relay.Service {
  func echo(_ request: Parcel, context: CallContext) async throws -> Parcel {
    if !context.metadata.isEmpty {
      try context.sendMetadata(context.metadata)
      try context.setTrailers(context.metadata)
    }
    return request
  }

  func `repeat`(
    _ request: Parcel, replies: ReplyWriter<Parcel>, context: CallContext
  ) async throws {
    for number in 0..<request.number {
      try await replies.write(
        Parcel(number: number, content: request.content, files: request.files))
    }
  }

  func gather(_ requests: MessageStream<Parcel>, context: CallContext) async throws -> Parcel {
    var gathered = Parcel()
    for try await request in requests {
      gathered.number += request.number
      gathered.content += request.content
      gathered.files += request.files
    }
    return gathered
  }

  func chat(
    _ requests: MessageStream<Parcel>, replies: ReplyWriter<Parcel>, context: CallContext
  ) async throws {
    for try await request in requests { try await replies.write(request) }
  }

  func callBack(_ request: Parcel, context: CallContext) async throws -> Parcel {
    guard let connection = context.connection else { throw RPCError(.unavailable, "gone") }
    return try await Relay.Client(connection).echo(request)
  }

  func fail(_ request: Parcel, context: CallContext) async throws -> Parcel {
    throw RPCError(
      .aborted, "as you wish", details: [try ProtoAny(packing: request)],
      trailers: context.metadata)
  }
}
