public import BatonMessages
import Synchronization

/// A call in flight, as the connection sees it.
///
/// Sendable because what is not guarded is touched on the loop's thread, or by whoever took the call
/// out of ``CallsInFlight``. Accesses are not checked for overlapping while running: each is over
/// before anything else is called.
@usableFromInline
class PendingCall: @unchecked Sendable {
  @exclusivity(unchecked) final var number: UInt32 = 0
  @exclusivity(unchecked) final var timer: LoopTimer?
  /// Why the call was given up before it was on its way.
  @exclusivity(unchecked) final var refusal: RPCError?
  /// Where its requests are written, if they are a stream.
  @exclusivity(unchecked) final var outgoing: OutgoingStream?
  @exclusivity(unchecked) final var info: ReplyInfo?
  /// Metadata or a message came.
  @exclusivity(unchecked) final var hasHeard = false
  /// nil where nobody listens.
  @exclusivity(unchecked) final var observed: ObservedCall?

  init() {}

  /// A message came. The last one ends the call, which is the caller's to do. Throws what fails the
  /// call; a ``ProtocolError`` ends the connection.
  func receive(
    _ message: LentMessage, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits, isLast: Bool
  ) throws(ProtocolError) -> RPCError? {
    nil
  }

  /// The call is over. Called once, through ``end(_:)``.
  func finish(_ error: RPCError?) {}

  /// The call is about to begin. Why it is not to.
  func begins(_ method: MethodIdentity, on core: ClientCore) -> RPCError? { nil }

  /// The caller does not want it any more.
  func gaveUp() {}

  /// Ends the call, which whoever calls this has taken out.
  final func end(_ error: RPCError?) {
    timer?.cancel()
    observed?.ended(error)
    // First the requests: who sees how the call ended sees that nothing more can be written, too.
    outgoing?.end(error ?? Self.ended)
    finish(error)
  }

  private static let ended = RPCError(
    .cancelled, "the server ended the call and takes no more requests")
}

/// A call with one reply, for which a task waits.
///
/// Sendable because its own variables are touched as those of ``PendingCall`` are.
@usableFromInline
class UnaryCall: PendingCall, @unchecked Sendable {
  /// Reads the reply's message, which is valid only during this call, where it was received.
  @usableFromInline
  typealias Read =
    (LentMessage, inout ReceivedDescriptors, CodecLimits) throws(CodecError) -> Void

  private let read: Read
  @exclusivity(unchecked) private var waiter: UnsafeContinuation<RPCError?, Never>?
  /// A reply that came ahead of the call's end.
  @exclusivity(unchecked) private var early: EarlyReply?

  /// A reply in memory of its own.
  private final class EarlyReply {
    let bytes: [UInt8]
    var descriptors = ReceivedDescriptors()

    init(_ message: LentMessage, _ descriptors: inout ReceivedDescriptors) {
      bytes = message.copy()
      swap(&self.descriptors, &descriptors)
    }
  }

  @usableFromInline
  init(_ read: @escaping Read) {
    self.read = read
    super.init()
  }

  /// Called once, before the call is begun.
  func wait(_ waiter: UnsafeContinuation<RPCError?, Never>) {
    self.waiter = waiter
  }

  override func receive(
    _ message: LentMessage, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits, isLast: Bool
  ) -> RPCError? {
    if early != nil {
      return RPCError(.internal, "expected one reply, got the second message of a stream")
    }
    if !isLast {
      early = EarlyReply(message, &descriptors)
      return nil
    }
    return take(message, &descriptors, limits)
  }

  private func take(
    _ message: LentMessage, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits
  ) -> RPCError? {
    do throws(CodecError) {
      try read(message, &descriptors, limits)
      return nil
    } catch {
      return RPCError(reading: error, "the reply")
    }
  }

  /// What a status of OK makes of the call: the reply must have come ahead of it.
  func settle(_ limits: CodecLimits) -> RPCError? {
    guard let early else {
      return RPCError(.internal, "expected a reply or an error, got a status of OK")
    }
    return early.bytes.withUnsafeBytes { take(LentMessage($0), &early.descriptors, limits) }
  }

  override func finish(_ error: RPCError?) {
    guard let waiter else { return }
    self.waiter = nil
    // A literal nil is not copied by way of the type's metadata.
    if let error { waiter.resume(returning: error) } else { waiter.resume(returning: nil) }
  }
}

/// A call with a stream of requests and one reply, which may come while requests are written.
///
/// Sendable because what it adds is guarded.
@usableFromInline
final class UploadCall: UnaryCall, @unchecked Sendable {
  private let state = Mutex(State.running(nil))

  private enum State {
    case running(UnsafeContinuation<RPCError?, Never>?)
    case ended(RPCError?)
  }

  @usableFromInline
  override init(_ read: @escaping Read) {
    super.init(read)
  }

  override func wait(_ waiter: UnsafeContinuation<RPCError?, Never>) {
    let end: RPCError?? = state.withLock { state in
      if case .ended(let error) = state { return .some(error) }
      state = .running(waiter)
      return nil
    }
    if let end { waiter.resume(returning: end) }
  }

  override func finish(_ error: RPCError?) {
    let waiter = state.withLock { state -> UnsafeContinuation<RPCError?, Never>? in
      defer { state = .ended(error) }
      if case .running(let waiter) = state { return waiter }
      return nil
    }
    waiter?.resume(returning: error)
  }
}
