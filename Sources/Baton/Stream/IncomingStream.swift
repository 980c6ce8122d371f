public import BatonMessages
public import Synchronization

/// The receiving half of a stream: what came and was not taken, and what may still come.
///
/// The messages themselves lie in an ``Inbox``, which is touched only inside ``deliver(_:)`` and
/// ``take(_:)``.
@usableFromInline
final class IncomingStream: Sendable {
  /// Reads one message, which is valid only during this call, and delivers it.
  @usableFromInline
  typealias Read =
    @Sendable (LentMessage, inout ReceivedDescriptors, CodecLimits, IncomingStream)
    throws(CodecError) -> Void

  private let window: StreamCredit
  private let read: Read
  /// Gives credit to the sender.
  private let grant: @Sendable (StreamCredit) -> Void
  /// Told how many descriptors came with the messages that were dealt with since.
  private let dealt: @Sendable (Int) -> Void
  /// Called when the task that waits is cancelled.
  private let cancelled: @Sendable () -> Void
  @usableFromInline let state: Mutex<State>

  @usableFromInline
  struct State {
    /// Granted, and not used by the sender.
    var left: StreamCredit
    /// Of what lies in the inbox, of what was taken last, and of what was taken before that and not
    /// granted anew.
    var queued = StreamCredit.none
    var taken = StreamCredit.none
    var returned = StreamCredit.none
    @usableFromInline var isEmpty = true
    @usableFromInline var waiter: UnsafeContinuation<Void, Never>?
    var end: Result<Void, RPCError>?
  }

  init(
    window: StreamCredit, grant: @escaping @Sendable (StreamCredit) -> Void,
    dealt: @escaping @Sendable (Int) -> Void = { _ in },
    cancelled: @escaping @Sendable () -> Void, read: @escaping Read
  ) {
    self.window = window
    self.grant = grant
    self.dealt = dealt
    self.cancelled = cancelled
    self.read = read
    state = Mutex(State(left: window))
  }

  // MARK: The loop's side

  /// A message came. Throws a ``ProtocolError`` when the sender had no credit for it; the last of a
  /// call, when it is also the call's end, needs none.
  func receive(
    _ message: LentMessage, _ descriptors: inout ReceivedDescriptors,
    _ limits: CodecLimits, isLast: Bool = false
  ) throws(ProtocolError) -> CodecError? {
    let count = descriptors.count
    let isAllowed = state.withLock { state in
      guard isLast || state.left.allows(descriptors: count) else { return false }
      state.left.use(bytes: message.count, descriptors: count)
      state.queued.messages += 1
      state.queued.bytes += message.count
      state.queued.descriptors += count
      return true
    }
    guard isAllowed else { throw ProtocolError("a message of a stream without credit for it") }
    do throws(CodecError) {
      try read(message, &descriptors, limits, self)
      return nil
    } catch {
      return error
    }
  }

  /// Puts a message into the inbox.
  @inlinable
  func deliver(_ append: () -> Void) {
    let waiter = state.withLock { state in
      append()
      state.isEmpty = false
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Nothing more comes, for a reason if there is an error. Only the first end counts.
  func end(_ error: RPCError?) {
    let waiter = state.withLock { state in
      if state.end == nil { state.end = error.map { .failure($0) } ?? .success(()) }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  var ending: Result<Void, RPCError>? { state.withLock { $0.end } }
  var hasEnded: Bool { ending != nil }

  // MARK: The taker's side

  @usableFromInline
  enum Taken {
    case some
    case nothing
    case end(RPCError?)
  }

  /// Has all that lies in the inbox taken by `move`, if there is something.
  @usableFromInline
  func take(_ move: () -> Void) -> Taken {
    var credit: StreamCredit?
    var descriptors = 0
    let taken: Taken = state.withLock { state in
      descriptors = state.taken.descriptors
      state.returned.add(state.taken)
      state.taken = .none
      if state.isEmpty {
        switch state.end {
        case .success: return .end(nil)
        case .failure(let error): return .end(error)
        case nil: credit = Self.credit(&state, window)
        }
        return .nothing
      }
      move()
      state.isEmpty = true
      state.taken = state.queued
      state.queued = .none
      if state.end == nil { credit = Self.credit(&state, window) }
      return .some
    }
    if descriptors > 0 { dealt(descriptors) }
    if let credit { grant(credit) }
    return taken
  }

  /// What is to be granted now, if it is enough to be worth a frame.
  private static func credit(_ state: inout State, _ window: StreamCredit) -> StreamCredit? {
    guard state.returned.isHalf(of: window) else { return nil }
    let credit = state.returned
    state.returned = .none
    state.left.add(credit)
    return credit
  }

  /// Waits until there is something to take, or the end. One task at a time.
  @usableFromInline
  nonisolated(nonsending) func wait() async throws(RPCError) {
    let isAlone = await withTaskCancellationHandler {
      await waitForMore()
    } onCancel: {
      cancelled()
    }
    if !isAlone {
      throw RPCError(.failedPrecondition, "two tasks wait for the messages of one stream")
    }
  }

  nonisolated(nonsending) private func waitForMore() async -> Bool {
    var isAlone = true
    await withUnsafeContinuation { waiter in
      let isReady = state.withLock { state in
        isAlone = state.waiter == nil
        if !state.isEmpty || state.end != nil || !isAlone { return true }
        state.waiter = waiter
        return false
      }
      if isReady { waiter.resume() }
    }
    return isAlone
  }
}

/// Messages that came on a stream and were not taken, guarded by the stream.
///
/// Sendable because ``IncomingStream`` lets one at a time touch it.
@usableFromInline
final class Inbox<Element: Sendable>: @unchecked Sendable {
  @exclusivity(unchecked) @usableFromInline var queue: [Element] = []
  @inlinable init() {}
}
