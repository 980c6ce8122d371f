/// Stands around the calls that a client makes: sees and changes what passes, refuses calls,
/// measures them.
///
/// Given in ``ConnectionOptions/interceptors``; the first is the outermost. Messages that are
/// encoded already, of callers that know a method's name alone, are not seen, and streams of them
/// pass by.
public protocol ClientInterceptor: Sendable {
  /// Has a call made by `next`, which returns when it is over; or throws instead what the caller
  /// gets. A unary call may be made again.
  ///
  /// `next` throws why the call failed. What the server said beside its replies is then in `info`.
  nonisolated(nonsending) func intercept(
    _ call: InterceptedCall, info: ReplyInfo,
    next: (InterceptedCall) async throws -> Void
  ) async throws
}
