import Baton
import BatonMessages
import Common
import Shared

struct Shop: App.Service {
  func list(_ request: ListRequest, context: CallContext) async throws -> ListReply {
    ListReply(prices: ["tea": Money(currency: "EUR", units: Int64(request.page?.number ?? 0))])
  }
}

let request = try ListRequest(decoding: ListRequest(page: .first).encoded().bytes)
let reply = ListReply(prices: ["tea": Money(currency: "EUR", units: 3)], time: ProtoTimestamp())
let read = try ListReply(decoding: reply.encoded().bytes)
print(
  request.page == .first, read.prices["tea"]?.text ?? "", Shop.schema.name,
  App.schema.file.imports().map(\.name).joined(separator: " "))
