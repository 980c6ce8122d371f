/// The interceptors around the calls of a connection.
@usableFromInline
struct ClientInterception: Sendable {
  let interceptors: [any ClientInterceptor]

  /// nil where there is no interceptor.
  init?(_ interceptors: [any ClientInterceptor]) {
    if interceptors.isEmpty { return nil }
    self.interceptors = interceptors
  }

  /// Has `body` make a call as the interceptors want it.
  nonisolated(nonsending) func around(
    _ kind: InterceptedCall.Kind, _ method: String, _ options: CallOptions,
    to peer: PeerCredentials,
    _ body: (MessageHooks, CallOptions) async throws -> Void
  ) async throws {
    let deadline = options.deadline.map { deadline in
      ContinuousClock.now + .nanoseconds(Int64(clamping: deadline) - Int64(clamping: LoopClock.now))
    }
    let info = options.info ?? ReplyInfo()
    let call = InterceptedCall(
      method: method, kind: kind, peer: peer, deadline: deadline, metadata: options.metadata,
      failure: { RPCError(intercepting: $0) })
    try await Self.pass(call, info, interceptors[...]) { call in
      var options = options
      options.metadata = call.metadata
      options.info = info
      try await body(call.hooks, options)
    }
  }

  nonisolated(nonsending) private static func pass(
    _ call: InterceptedCall, _ info: ReplyInfo, _ interceptors: ArraySlice<any ClientInterceptor>,
    _ body: (InterceptedCall) async throws -> Void
  ) async throws {
    guard let first = interceptors.first else { return try await body(call) }
    try await first.intercept(call, info: info) { call in
      try await pass(call, info, interceptors.dropFirst(), body)
    }
  }
}
