public import Baton
public import Tracing

/// A span of kind server around every call that a server answers, a child of the span that the
/// caller's metadata name. While the handler runs it is the current one (`ServiceContext.current`), so
/// that what the handler does, calls to other servers too, belongs to it.
public struct ServerTracing: ServerInterceptor {
  private let tracer: (any Tracer)?

  /// With the tracer to use; nil, the default: that of `InstrumentationSystem` when a call begins.
  public init(tracer: (any Tracer)? = nil) {
    self.tracer = tracer
  }

  nonisolated(nonsending) public func intercept(
    _ call: InterceptedCall, context: CallContext,
    next: (InterceptedCall) async throws -> Void
  ) async throws {
    let tracer = tracer ?? InstrumentationSystem.tracer
    var parent = ServiceContext.topLevel
    tracer.extract(call.metadata, into: &parent, using: MetadataCarrier())
    try await tracer.trace(call.method, .server, in: parent) { _ in try await next(call) }
  }
}
