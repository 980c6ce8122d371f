/// Stands around the calls that a server answers: sees and changes what passes, refuses calls,
/// measures them.
///
/// Given in ``ServerOptions/interceptors``; the first is the outermost. Around every call whose
/// request could be read and that the policy allows. With an interceptor, the handlers of
/// synchronous services run in tasks, too.
public protocol ServerInterceptor: Sendable {
  /// Has a call answered by `next`, once, which returns when the handler has; or throws instead
  /// what the caller is told.
  ///
  /// `next` throws what the handler threw, or why the call had ended before that: the caller
  /// cancelled, its deadline passed, it has left. The answer leaves when this has returned.
  nonisolated(nonsending) func intercept(
    _ call: InterceptedCall, context: CallContext,
    next: (InterceptedCall) async throws -> Void
  ) async throws
}
