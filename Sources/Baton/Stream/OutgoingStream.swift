public import BatonMessages
import Synchronization

/// The sending half of a stream: its credit, and who waits for more of it.
@usableFromInline
final class OutgoingStream: Sendable {
  /// Writes a message, which it lends to what sends it.
  @usableFromInline
  typealias Write = (_ send: (borrowing PackedMessage) -> Void) throws(CodecError) -> Void

  private let channel: Channel
  private let state: Mutex<State>
  /// Held while a frame is reserved and queued, so that frames leave in the order in which they use
  /// the credit, and none behind the last.
  private let order = Mutex(())

  private struct State {
    /// Zero until the call is begun.
    var call: UInt32
    var credit: StreamCredit
    var waiters: [UnsafeContinuation<Void, Never>] = []
    /// Why no more can be sent.
    var end: RPCError?
    var isFinished = false
    /// What was sent since the loop was given away.
    var turn = 0
  }

  /// Bytes that are sent before the loop is given away; a message counts as some of them.
  private static let turn = 64 << 10
  private static let leastOfTurn = 1 << 10

  init(_ channel: Channel, call: UInt32 = 0) {
    self.channel = channel
    state = Mutex(State(call: call, credit: channel.peerWindow))
  }

  func begin(_ call: UInt32) {
    state.withLock { $0.call = call }
  }

  // MARK: Sending

  /// Sends one message; waits for credit, and for room where much is on its way already.
  @usableFromInline
  nonisolated(nonsending) func send(_ write: Write) async throws(RPCError) {
    while true {
      var outcome = Outcome.sent(turnIsOver: false)
      do throws(CodecError) {
        try write { message in
          outcome = trySending(message.size, message.descriptors.count) {
            (header) throws(Channel.Refusal) in
            try channel.send(header, message)
          }
        }
      } catch {
        throw RPCError(writing: error, "the message")
      }
      if try await isSent(outcome) { return }
    }
  }

  /// The same with a message that is encoded already.
  nonisolated(nonsending) func send(encoded message: EncodedMessage) async throws(RPCError) {
    while true {
      let outcome = trySending(message.bytes.count, message.descriptors.count) {
        (header) throws(Channel.Refusal) in
        try channel.send(header, descriptors: message.descriptors) {
          $0.copyBytes(message.bytes)
        }
      }
      if try await isSent(outcome) { return }
    }
  }

  private enum Outcome {
    case sent(turnIsOver: Bool)
    /// For a message with as many descriptors.
    case noCredit(Int)
    case failed(RPCError)
  }

  private func trySending(
    _ size: Int, _ descriptors: Int, _ send: (FrameHeader) throws(Channel.Refusal) -> Void
  ) -> Outcome {
    order.withLock { _ in sendInOrder(size, descriptors, send) }
  }

  private func sendInOrder(
    _ size: Int, _ descriptors: Int, _ send: (FrameHeader) throws(Channel.Refusal) -> Void
  ) -> Outcome {
    var turnIsOver = false
    let reserved: Result<UInt32?, RPCError> = state.withLock { state in
      if let end = state.end { return .failure(end) }
      if state.isFinished { return .failure(Self.finished) }
      guard state.credit.allows(descriptors: descriptors) else { return .success(nil) }
      state.credit.use(bytes: size, descriptors: descriptors)
      state.turn += max(size, Self.leastOfTurn)
      turnIsOver = state.turn >= Self.turn
      if turnIsOver { state.turn = 0 }
      return .success(state.call)
    }
    switch reserved {
    case .failure(let error): return .failed(error)
    case .success(nil): return .noCredit(descriptors)
    case .success(let call?):
      let header = FrameHeader(
        .message, call: call, size: size, descriptors: descriptors)
      do throws(Channel.Refusal) {
        try send(header)
        return .sent(turnIsOver: turnIsOver)
      } catch {
        // Not sent, so not used.
        add(StreamCredit(messages: 1, bytes: size, descriptors: descriptors))
        return .failed(RPCError(error, channel.lost))
      }
    }
  }

  /// False when it was not sent, and shall be tried again.
  nonisolated(nonsending) private func isSent(_ outcome: Outcome) async throws(RPCError) -> Bool {
    switch outcome {
    case .sent(let turnIsOver):
      if channel.isCongested {
        await channel.waitForRoom { hasEnded }
      } else if turnIsOver, channel.loop.isCurrent {
        // A peer that grants much and reads fast would have the loop for itself.
        await Task.yield()
      }
      return true
    case .noCredit(let descriptors):
      await waitForCredit(descriptors)
      if Task.isCancelled { throw RPCError(.cancelled, "the sender's task was cancelled") }
      return false
    case .failed(let error): throw error
    }
  }

  nonisolated(nonsending) private func waitForCredit(_ descriptors: Int) async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        let isReady = state.withLock { state in
          if Task.isCancelled || state.end != nil || state.credit.allows(descriptors: descriptors) {
            return true
          }
          state.waiters.append(waiter)
          return false
        }
        if isReady { waiter.resume() }
      }
    } onCancel: {
      wakeAll()
    }
  }

  /// Nothing more is sent: tells the receiver. Does nothing the second time.
  func finish() {
    order.withLock { _ in
      let call: UInt32? = state.withLock { state in
        if state.isFinished || state.end != nil { return nil }
        state.isFinished = true
        return state.call
      }
      if let call { try? channel.send(FrameHeader(.finish, call: call, isLast: true, size: 0)) }
    }
  }

  var hasEnded: Bool { state.withLock { $0.end != nil } }

  // MARK: The loop's side

  func add(_ credit: StreamCredit) {
    state.withLock { $0.credit.add(credit) }
    wakeAll()
  }

  /// Nothing more can be sent. Only the first reason counts.
  func end(_ error: RPCError) {
    state.withLock { state in
      if state.end == nil { state.end = error }
    }
    wakeAll()
    channel.relieve()
  }

  private func wakeAll() {
    let waiters = state.withLock { state in
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  private static let finished = RPCError(
    .failedPrecondition, "the stream is finished: nothing more can be written to it")
}
