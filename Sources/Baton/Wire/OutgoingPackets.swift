package import BatonMessages

/// Frames that wait to leave, gathered into as few packets as fit.
///
/// Frames leave in the order they came in, except that those of other calls pass a message that is
/// too large for one packet: it leaves in fragments, one after every packet of them. A GOODBYE does
/// not pass a request, which would come too late then. A frame with descriptors is the last of its
/// packet.
package struct OutgoingPackets: ~Copyable {
  /// Bytes that a packet may have.
  var largestPacket: Int
  private var packets: [OutgoingPacket] = []
  private var spare: OutgoingPacket?
  /// Messages that leave in fragments, those of different calls in turn.
  private var large: [LargeMessage] = []
  /// What leaves behind the requests among them.
  private var goodbyes: [HeldFrame] = []
  private var wasFragment = false
  /// How many of `packets` were taken, less those put back.
  private var taken = 0
  /// Bytes of all that waits, and of them those in messages that leave in fragments.
  package private(set) var waiting = 0
  private(set) var waitingLarge = 0
  /// Descriptors in the packets that wait.
  private(set) var waitingDescriptors = 0

  /// Bytes of a message in one fragment: larger ones are little faster. Of one that takes long they
  /// are fewer, as whoever has a short message to send waits until a fragment has left.
  private static let largestFragment = 128 * 1024
  private static let largestOfLong = 64 * 1024
  /// SCM_MAX_FD.
  static let descriptorsPerPacket = 253

  package init(largestPacket: Int) {
    self.largestPacket = largestPacket
  }

  package var isEmpty: Bool { packets.isEmpty && large.isEmpty }

  /// Whether a message waits that takes long to leave.
  var hasLong: Bool { large.contains { $0.isLong } }

  /// The most a body in one frame may have.
  private var largestBody: Int {
    (largestPacket - FrameHeader.byteCount) & ~(FrameHeader.alignment - 1)
  }

  /// Adds a frame whose head is `head` and whose message `fill` writes.
  package mutating func add(
    _ header: FrameHeader, head: [UInt8] = [], descriptors: [Descriptor] = [],
    _ fill: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) {
    if mustWait(header) || isLarge(header, descriptors.count) {
      let frame = HeldFrame(header, head, descriptors)
      if let room = frame.room { fill(room) }
      return hold(frame)
    }
    let size = FrameHeader.byteCount + header.paddedSize
    waiting += size
    let packet = open(for: size)
    let memory = packet.extend(by: size, header)
    memory.copyBytes(head)
    fill(memory + head.count)
    if !descriptors.isEmpty {
      packet.descriptors = descriptors
      waitingDescriptors += descriptors.count
    }
  }

  /// The same with a message in pieces.
  mutating func add(
    _ header: FrameHeader, head: [UInt8], descriptors: [Descriptor], _ message: MessageSegments
  ) {
    add(HeldFrame(header, head, descriptors, message))
  }

  private mutating func add(_ frame: HeldFrame) {
    if mustWait(frame.header) || isLarge(frame.header, frame.descriptors.count) {
      return hold(frame)
    }
    add(frame.header, head: frame.head, descriptors: frame.descriptors) { memory in
      var memory = memory
      for piece in frame.pieces {
        guard let start = piece.baseAddress else { continue }
        memory.copyMemory(from: start, byteCount: piece.count)
        memory += piece.count
      }
    }
  }

  /// Whether a frame goes behind a large message: of the same call, or, at the end that connected,
  /// any call's request. The end that accepted refuses calls from its goodbye on, which comes first.
  private func mustWait(_ header: FrameHeader) -> Bool {
    if large.isEmpty { return false }
    if header.kind == .goodbye { return hasLargeRequest }
    return large.contains { $0.call == header.call }
  }

  private var hasLargeRequest: Bool {
    large.contains { $0.isRequest && $0.call & Endpoint.acceptorSide == 0 }
  }

  private func isLarge(_ header: FrameHeader, _ descriptors: Int) -> Bool {
    header.size > largestBody || descriptors > Self.descriptorsPerPacket
  }

  private mutating func hold(_ frame: HeldFrame) {
    waiting += frame.waiting
    if frame.header.kind == .goodbye { return goodbyes.append(frame) }
    waitingLarge += frame.waiting
    if let ahead = large.first(where: { $0.call == frame.header.call }) {
      ahead.append(frame)
    } else {
      large.append(LargeMessage(frame, after: taken + packets.count))
    }
  }

  /// Drops what of a call has not left in whole.
  mutating func drop(_ call: UInt32) {
    guard let index = large.firstIndex(where: { $0.call == call }) else { return }
    count(out: large.remove(at: index).waiting)
    releaseGoodbyes()
  }

  /// Drops every message that leaves in fragments.
  mutating func dropLarge() {
    for message in large { count(out: message.waiting) }
    large.removeAll()
    releaseGoodbyes()
  }

  private mutating func releaseGoodbyes() {
    if goodbyes.isEmpty || hasLargeRequest { return }
    for frame in goodbyes {
      waiting -= frame.waiting
      add(frame)
    }
    goodbyes.removeAll()
  }

  /// Drops all that waits of some calls.
  package mutating func dropAll(of calls: Set<UInt32>) {
    if calls.isEmpty { return }
    for call in calls { drop(call) }
    for packet in packets {
      waiting -= packet.count
      waitingDescriptors -= packet.descriptors.count
      packet.dropFrames(of: calls)
      waiting += packet.count
      waitingDescriptors += packet.descriptors.count
    }
    packets.removeAll { $0.count == 0 }
  }

  /// Takes the packet that leaves next. A fragment, of a message that takes long or not, only if
  /// `mayBeFragment`.
  package mutating func takeFirst(
    fragment mayBeFragment: (_ isOfLong: Bool) -> Bool = { _ in true }
  ) -> OutgoingPacket? {
    if packets.isEmpty {
      guard let message = large.first, mayBeFragment(message.isLong) else { return nil }
      wasFragment = true
      return nextFragment()
    }
    if let message = large.first, !wasFragment, message.predecessors <= taken,
      !packets[0].isClosed, mayBeFragment(message.isLong)
    {
      wasFragment = true
      return nextFragment()
    }
    // Mostly there is one, and taking the last moves nothing.
    let first = packets.count == 1 ? packets.removeLast() : packets.removeFirst()
    // One that could not leave yet stands in front, and may be a fragment.
    if !first.isClosed { wasFragment = false }
    taken += 1
    waiting -= first.count
    waitingDescriptors -= first.descriptors.count
    return first
  }

  private mutating func nextFragment() -> OutgoingPacket {
    let message = large.removeFirst()
    let before = message.waiting
    let most = message.isLong ? Self.largestOfLong : Self.largestFragment
    let packet = message.next(most: min(largestBody, most), largestBody: largestBody)
    count(out: before - message.waiting)
    if !message.isDone {
      large.append(message)
    } else {
      count(out: message.waiting)
      for frame in message.followers { add(frame) }
      releaseGoodbyes()
    }
    return packet
  }

  private mutating func count(out size: Int) {
    waiting -= size
    waitingLarge -= size
  }

  /// Returns a packet that could not leave yet.
  package mutating func putBack(_ packet: OutgoingPacket) {
    packet.isClosed = true
    taken -= 1
    waiting += packet.count
    waitingDescriptors += packet.descriptors.count
    packets.insert(packet, at: 0)
  }

  /// Returns a packet that has left, to be used again.
  mutating func recycle(_ packet: OutgoingPacket) {
    if spare == nil && packet.capacity <= OutgoingPacket.kept {
      packet.empty()
      spare = packet
    }
  }

  mutating func removeAll() {
    packets.removeAll()
    large.removeAll()
    goodbyes.removeAll()
    waiting = 0
    waitingLarge = 0
    waitingDescriptors = 0
  }

  // MARK: Requests

  /// The requests that have not left in whole, and how much of each has.
  var requests: [UInt32: Departure] {
    var requests: [UInt32: Departure] = [:]
    for packet in packets {
      for call in packet.requests { requests[call] = packet.isPiece ? .partly : .notAtAll }
    }
    for message in large where message.isRequest {
      requests[message.call] = message.hasBegun ? .partly : .notAtAll
    }
    return requests
  }

  private mutating func open(for size: Int) -> OutgoingPacket {
    if let last = packets.last, !last.isClosed, last.descriptors.isEmpty,
      last.count + size <= largestPacket
    {
      return last
    }
    let packet = spare ?? OutgoingPacket()
    spare = nil
    packets.append(packet)
    return packet
  }
}
