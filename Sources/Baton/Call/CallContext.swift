public import BatonMessages
public import Logging
public import SystemPackage

/// What a handler knows of the call it answers.
public struct CallContext: Sendable {
  /// `files.v1.FileBroker/Open`.
  public var method: String { call.method }
  /// Who is at the other end of the connection.
  public var peer: PeerCredentials { call.connection.peer }
  /// When the caller stops waiting; nil: never. The handler's task is cancelled then.
  public var deadline: ContinuousClock.Instant? { call.deadlineInstant }
  /// What the caller said beside its request.
  public var metadata: Metadata { changed ?? call.metadata }
  private let call: ServedCall
  /// What an interceptor made of the metadata.
  private let changed: Metadata?

  init(_ call: ServedCall, _ changed: Metadata? = nil) {
    self.call = call
    self.changed = changed
  }

  /// The same with other metadata.
  func with(_ metadata: Metadata) -> CallContext { CallContext(call, metadata) }

  /// The connection's logger, which says who the caller is, with the call's method, its number on the
  /// connection and, where the caller sent one, its trace. It is made when it is asked for.
  public var logger: Logger {
    var logger = call.connection.logger
    logger[metadataKey: "method"] = "\(method)"
    logger[metadataKey: "call"] = "\(call.number)"
    if let trace = metadata.traceID { logger[metadataKey: "trace_id"] = "\(trace)" }
    return logger
  }

  /// Tells the caller something ahead of the first reply. Once, before any reply is written: the
  /// caller drops what comes later. Throws INVALID_ARGUMENT for metadata that ``Metadata`` does not
  /// allow, RESOURCE_EXHAUSTED for too many.
  public func sendMetadata(_ metadata: Metadata) throws(RPCError) {
    try call.connection.sendMetadata(call.number, metadata)
  }

  /// What to tell the caller behind the last reply, or with an error that has no trailers of its
  /// own. Throws INVALID_ARGUMENT for metadata that ``Metadata`` does not allow, RESOURCE_EXHAUSTED
  /// for too many. Trailers of more than 40,000 bytes are not sent, and nothing says so.
  public func setTrailers(_ trailers: Metadata) throws(RPCError) {
    try call.setTrailers(trailers)
  }

  /// The same connection in the other direction, for calls to services that the client offers
  /// (``ConnectionOptions/services``). nil when the connection has ended.
  public var connection: Connection? { call.connection.connectionToPeer() }

  /// Whether nobody waits for the reply any more: the caller cancelled, its deadline passed or its
  /// connection ended. The handler's task is cancelled at the same time.
  public var isCancelled: Bool { Task.isCancelled }

  /// Waits until there is something to read from `descriptor`, without holding up the connection's
  /// loop (``EventLoop/untilReadable(_:)``). Throws `canceled` when the call is.
  nonisolated(nonsending) public func untilReadable(
    _ descriptor: Descriptor
  ) async throws(Errno) {
    try await call.connection.channel.loop.untilReadable(descriptor)
  }

  /// Runs `body` away from the connection's loop, for work that blocks or takes long: on the global
  /// executor, whose threads are few.
  public func offLoop<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withTaskExecutorPreference(globalConcurrentExecutor) { try body() }
  }
}
