import Baton
import BatonMessages

/// The service of `shelf.proto`.
struct ShelfServer: Shelf.Service {
  func take(_ request: TakeRequest, context: CallContext) async throws -> TakeReply {
    let items = try request.texts.enumerated().map { number, text in
      Item(
        name: "item \(number)",
        content: try .memory(Array(text.utf8), name: "item-\(number)", sealed: true))
    }
    var byText: [String: Descriptor] = [:]
    for (item, text) in zip(items, request.texts) { byText[text] = try item.content.duplicate() }
    return TakeReply(items: items, sparePart: try Descriptor.pipe().writing, byText: byText)
  }

  func fail(_ request: FailRequest, context: CallContext) async throws -> TakeReply {
    throw RPCError(RPCError.Code(rawValue: request.code), request.message)
  }

  func wait(_ request: TakeRequest, context: CallContext) async throws -> TakeReply {
    try await Task.sleep(for: .seconds(3600))
    return TakeReply()
  }

  func `return`(_ request: TakeReply, context: CallContext) async throws -> TakeRequest {
    TakeRequest(texts: try request.items.map { try $0.content.readTextToEnd() })
  }
}

/// Runs `body` with the address of a shelf, or of other services, in this process, which runs on a
/// thread of its own: other tests may hold every thread of Swift's pool while they wait for processes.
func withShelf<Result>(
  _ options: ServerOptions = ServerOptions(), services: [any RPCService] = [ShelfServer()],
  _ body: (String) async throws -> Result
) async throws -> Result {
  let address = "unix:@baton-shelf-\(UInt64.random(in: 0 ... .max))"
  let server = Server(address: address, services: services, options: options)
  try server.bind()
  let loop = try EventLoop()
  defer { loop.shutdown() }
  return try await withTaskExecutorPreference(loop) {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let result = try await body(address)
      group.cancelAll()
      return result
    }
  }
}
