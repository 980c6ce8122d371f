import BatonMessages
import Synchronization

/// A call whose replies are a stream. It is there before there may be a connection to call over.
///
/// Sendable because what it adds to ``PendingCall`` is guarded, or set before anybody else has it.
@usableFromInline
final class StreamCall: PendingCall, @unchecked Sendable {
  @usableFromInline let incoming: IncomingStream
  /// What stands around the call. Set before it is begun.
  var task: StreamTask?
  /// Set as it is begun.
  private var method: MethodIdentity?
  private let place = Mutex(Place.none)

  private enum Place {
    /// It has not begun.
    case none
    case begun(ClientCore)
    /// Its caller left it before it had begun.
    case left(RPCError)
  }

  /// A call, for closures that it keeps itself. Sendable because it is set before any of them runs.
  private final class Handle: @unchecked Sendable {
    weak var call: StreamCall?
  }

  /// `read` reads the replies and delivers them.
  init(_ window: StreamCredit, _ read: @escaping IncomingStream.Read) {
    let handle = Handle()
    incoming = IncomingStream(
      window: window, grant: { handle.call?.grant($0) },
      cancelled: { handle.call?.leave(ClientCore.callerCancelled) }, read: read)
    super.init()
    handle.call = self
  }

  /// Has `body` begin the call in a task that belongs to it, and wait there for its end.
  func run(
    on loop: EventLoop, _ body: @escaping @Sendable (StreamTask) async throws -> Void
  ) {
    let task = StreamTask()
    self.task = task
    task.start(on: loop) {
      do {
        try await body(task)
        self.incoming.end(nil)
      } catch {
        self.incoming.end(RPCError(intercepting: error))
      }
      self.leave(RPCError(.cancelled, "the call is over"))
    }
  }

  override func begins(_ method: MethodIdentity, on core: ClientCore) -> RPCError? {
    self.method = method
    return place.withLock { place in
      if case .left(let error) = place { return error }
      place = .begun(core)
      return nil
    }
  }

  /// Ends the call, if it has not ended, that its caller has left.
  func leave(_ error: RPCError) {
    let core: ClientCore? = place.withLock { place in
      if case .begun(let core) = place { return core }
      place = .left(error)
      return nil
    }
    if let core { core.cancel(self, error) } else { gaveUp() }
  }

  private func grant(_ credit: StreamCredit) {
    let core: ClientCore? = place.withLock { place in
      if case .begun(let core) = place { core } else { nil }
    }
    core?.grant(credit, self)
  }

  override func receive(
    _ message: LentMessage, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits, isLast: Bool
  ) throws(ProtocolError) -> RPCError? {
    try incoming.receive(message, &descriptors, limits, isLast: isLast).map {
      RPCError(reading: $0, "a reply")
    }
  }

  override func finish(_ error: RPCError?) {
    let error = method.flatMap { error?.naming($0) } ?? error
    if let task { task.end(error) } else { incoming.end(error) }
  }

  override func gaveUp() {
    task?.cancel()
  }
}

/// Cancels a call when nobody can receive its replies any more.
@usableFromInline
final class CallLease: Sendable {
  private let call: StreamCall

  @usableFromInline
  init(_ call: StreamCall) {
    self.call = call
  }

  deinit { call.leave(RPCError(.cancelled, "nobody takes the call's replies any more")) }
}
