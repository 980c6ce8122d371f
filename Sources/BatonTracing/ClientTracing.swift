public import Baton
public import Tracing

/// A span of kind client around every call that a connection makes, whose context goes to the server
/// in the call's metadata.
///
/// The span is a child of the caller's (`ServiceContext.current`); it lasts until the reply is there,
/// with a stream of replies until the iteration has ended. Put it behind interceptors that make a call
/// again, so that each attempt is a span.
public struct ClientTracing: ClientInterceptor {
  private let tracer: (any Tracer)?

  /// With the tracer to use; nil, the default: that of `InstrumentationSystem` when a call begins.
  public init(tracer: (any Tracer)? = nil) {
    self.tracer = tracer
  }

  nonisolated(nonsending) public func intercept(
    _ call: InterceptedCall, info: ReplyInfo,
    next: (InterceptedCall) async throws -> Void
  ) async throws {
    let tracer = tracer ?? InstrumentationSystem.tracer
    let context = ServiceContext.current ?? .topLevel
    try await tracer.trace(call.method, .client, in: context) { context in
      var call = call
      tracer.inject(context, into: &call.metadata, using: MetadataCarrier())
      try await next(call)
    }
  }
}
