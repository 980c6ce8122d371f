import Baton
import Tracing

extension Tracer {
  /// Has `body` make or answer a call inside a span of its own. Names and values are those of
  /// OpenTelemetry's semantic conventions for RPC, as in the metrics.
  nonisolated(nonsending) func trace(
    _ method: String, _ kind: SpanKind, in parent: ServiceContext,
    _ body: (ServiceContext) async throws -> Void
  ) async throws {
    let span = startSpan(method, context: parent, ofKind: kind)
    defer { span.end() }
    span.attributes["rpc.system.name"] = "baton"
    span.attributes["rpc.method"] = method
    do {
      try await ServiceContext.withValue(span.context) { try await body(span.context) }
      span.attributes["rpc.response.status_code"] = RPCError.Code.ok.description
    } catch {
      span.record(error, isAnswered: kind == .server)
      throw error
    }
  }
}

extension Span {
  /// A server that refuses as it should has not failed, whatever its caller makes of it.
  fileprivate func record(_ error: any Error, isAnswered: Bool) {
    let code = RPCError(thrown: error).code
    attributes["rpc.response.status_code"] = code.description
    recordError(error)
    guard !isAnswered || code.isServerFault else { return }
    attributes["error.type"] = code.description
    setStatus(SpanStatus(code: .error, message: "\(error)"))
  }
}
