/// What a ``PacketSender`` guards: the packets that wait, how sending goes, and who waits for that.
struct SenderOutput: ~Copyable {
  var packets: OutgoingPackets
  var state = State.idle
  /// Frames that were queued since some left.
  var frames = 0
  /// Little is let under way, as a message takes long to leave.
  var isNarrow = false
  /// How often the kernel refused the first packet in a row.
  var refusals = 0
  /// The peer takes nothing any more.
  var isBroken = false
  /// Requests that were dropped as the connection ends.
  private var unsent: [UInt32: Departure] = [:]
  /// When a packet last left, on the loop's clock, while senders shall wait; zero while they need not.
  var lastProgress: UInt64 = 0
  /// This end has begun its last call.
  var refusesRequests = false
  /// Nothing more is to be sent behind what waits.
  var isFinishing = false
  /// Who waits until less waits.
  var waiters: [UnsafeContinuation<Void, Never>] = []
  /// What the peer said that it takes.
  var peer = PeerLimits()
  var lost: ConnectionError?

  enum State {
    case idle
    /// The loop will flush at the end of its turn.
    case scheduled
    case sending
    /// The socket is full; the loop tells when it is not.
    case blocked
    /// The kernel refused the first packet; a timer tells when to try again.
    case refused
    /// Only fragments wait, until less is under way; the loop tells when.
    case paced
    case ended
  }

  /// Bytes of short messages that may wait to leave before the peer counts as one that does not read:
  /// for requests at once, for answers when it has taken none for a while, or four times as many wait.
  /// Of large ones, four of the largest that both ends take may.
  private static let mostWaiting = 16 << 20
  private static let patience: UInt64 = 5_000_000_000
  /// Descriptors that may wait with them.
  private static let mostDescriptorsWaiting = 4096
  /// Beyond so many bytes the senders of streams wait, and go on when so few are left.
  private static let congestion = 1 << 20
  private static let relief = 256 << 10
  /// What leaves at once instead of at the end of the turn, so that the peer can begin with it.
  private static let batch = 64 << 10
  private static let framesPerPacket = 16

  /// Bytes of the largest message that this end takes.
  private let largestMessage: Int

  init(packets: consuming OutgoingPackets, largestMessage: Int) {
    self.packets = packets
    self.largestMessage = largestMessage
  }

  /// How much of a call's request has left.
  func departure(of call: UInt32) -> Departure {
    unsent[call] ?? packets.requests[call] ?? .whole
  }

  /// Drops what waits, and `packet` that could not leave, as the peer takes nothing any more.
  mutating func dropAll(_ packet: OutgoingPacket? = nil) {
    if let packet { packets.putBack(packet) }
    unsent.merge(packets.requests) { $1 }
    packets.removeAll()
  }

  /// Drops messages that leave in fragments.
  mutating func dropLarge() {
    unsent.merge(packets.requests) { $1 }
    packets.dropLarge()
  }

  /// Why a frame is not queued; nil when it may be.
  func refusal(of header: FrameHeader, _ descriptors: Int) -> Channel.Refusal? {
    if state == .ended { return .ended }
    let size = header.size - header.head
    if size > peer.largestMessage { return .tooLarge(size, most: peer.largestMessage) }
    if descriptors > peer.mostDescriptors {
      return .tooManyDescriptors(descriptors, most: peer.mostDescriptors)
    }
    switch header.kind {
    // Without these a stream would never go on, or end, or the connection; there are as many as this
    // end has calls.
    case .finish, .credit, .cancel, .goodbye: return nil
    // One call fails.
    case .request where refusesRequests: return .leaving
    case .request: return isFull || waitingShort > Self.mostWaiting ? .peerDoesNotRead : nil
    // The connection is at stake: all may have been written before the peer could read.
    default: return isFull || waitingShort > Self.mostWaiting && isStuck ? .peerDoesNotRead : nil
    }
  }

  private var waitingShort: Int { packets.waiting - packets.waitingLarge }

  private var isStuck: Bool { LoopClock.now > lastProgress &+ Self.patience }

  private var isFull: Bool {
    waitingShort > 4 * Self.mostWaiting
      || packets.waitingDescriptors > Self.mostDescriptorsWaiting
      || packets.waitingLarge
        > max(Self.mostWaiting, 4 * min(peer.largestMessage, largestMessage))
  }

  /// Whether so much waits that the peer shall begin with it, though more may come in this turn.
  var isWorthSending: Bool {
    packets.waiting > Self.batch || frames >= Self.framesPerPacket
  }

  /// Whether the senders of streams shall wait. Where the peer has left they wait for the loop to
  /// find that out: those that run on it would keep it from that.
  var isCongested: Bool { isBroken || packets.waiting > Self.congestion }

  /// Whether somebody waits who need not any more.
  var hasRoomForWaiters: Bool {
    !waiters.isEmpty && !isBroken && packets.waiting <= Self.relief
  }
}
