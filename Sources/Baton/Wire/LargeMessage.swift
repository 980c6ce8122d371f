import BatonMessages

/// A frame that cannot join a packet yet, with its body in pieces and its descriptors.
///
/// Sendable because it is written before anybody else holds it.
final class HeldFrame: @unchecked Sendable {
  let header: FrameHeader
  let head: [UInt8]
  let descriptors: [Descriptor]
  /// The message.
  let pieces: [UnsafeRawBufferPointer]
  private let memory: UnsafeMutableRawPointer?
  private let segments: MessageSegments?

  /// With memory for the message, to be filled.
  init(_ header: FrameHeader, _ head: [UInt8], _ descriptors: [Descriptor]) {
    self.header = header
    self.head = head
    self.descriptors = descriptors
    let size = header.size - header.head
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 16)
    self.memory = memory
    pieces = [UnsafeRawBufferPointer(start: memory, count: size)]
    segments = nil
  }

  /// With a message that is written already.
  init(
    _ header: FrameHeader, _ head: [UInt8], _ descriptors: [Descriptor],
    _ segments: MessageSegments
  ) {
    self.header = header
    self.head = head
    self.descriptors = descriptors
    pieces = segments.pieces
    memory = nil
    self.segments = segments
  }

  deinit { memory?.deallocate() }

  /// Where the message is to be written.
  var room: UnsafeMutableRawPointer? { memory }

  /// Bytes of the message.
  var size: Int { header.size - header.head }

  /// Bytes as they are counted while they wait.
  var waiting: Int { FrameHeader.byteCount + header.paddedSize }
}

/// A message that leaves in fragments, and the frames of the same call behind it.
///
/// Sendable because the queue alone holds it.
final class LargeMessage: @unchecked Sendable {
  /// The packets that leave before it, counted from the first: frames of the same call may be in them.
  let predecessors: Int
  private let frame: HeldFrame
  private var sent = 0
  private var descriptorsSent = 0
  /// Where the bytes that leave next lie.
  private var piece = 0
  private var offset = 0
  private(set) var followers: [HeldFrame] = []
  private(set) var isDone = false

  /// Pieces up to this size are copied, larger ones sent from where they lie.
  private static let copied = 16 * 1024
  /// Bytes that do not take long to leave.
  private static let short = 4 << 20

  init(_ frame: HeldFrame, after predecessors: Int) {
    self.frame = frame
    self.predecessors = predecessors
  }

  var call: UInt32 { frame.header.call }

  var isRequest: Bool { frame.header.kind == .request }

  /// Whether a piece of it was given out.
  var hasBegun: Bool { sent > 0 || descriptorsSent > 0 }

  /// Bytes that have not left, followers' included.
  var waiting: Int {
    followers.reduce(isDone ? 0 : frame.waiting - sent) { $0 + $1.waiting }
  }

  /// Whether it takes long until it has left.
  var isLong: Bool { frame.size - sent > Self.short }

  /// Queues a frame of the same call.
  func append(_ follower: HeldFrame) {
    followers.append(follower)
  }

  /// The next packet: a fragment of at most `most` bytes, or the frame itself with the rest.
  func next(most: Int, largestBody: Int) -> OutgoingPacket {
    let files = frame.descriptors[descriptorsSent...].prefix(OutgoingPackets.descriptorsPerPacket)
    descriptorsSent += files.count
    // Room for the head in case this is the last.
    let room = min(most, largestBody - frame.head.count)
    let before = shortPieces(room)
    let slice = longPiece(room - before.count)
    let after = slice == nil ? [] : shortPieces(room - before.count - (slice?.count ?? 0))
    let size = before.count + (slice?.count ?? 0) + after.count
    let offset = sent
    sent += size
    isDone = sent == frame.size && descriptorsSent == frame.descriptors.count
    var header = frame.header
    header.descriptors = files.count
    if isDone {
      header.size = header.head + size
    } else {
      header = FrameHeader(
        .fragment, call: header.call, method: UInt64(offset), size: size,
        descriptors: files.count)
    }
    let packet = OutgoingPacket()
    packet.set(
      header, before: isDone ? frame.head + before : before, slice: slice, after: after,
      of: frame, Array(files))
    return packet
  }

  /// The short pieces that come next, of at most `most` bytes together.
  private func shortPieces(_ most: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while piece < frame.pieces.count {
      let left = frame.pieces[piece].count - offset
      if left > Self.copied || bytes.count + left > most { break }
      bytes.append(contentsOf: frame.pieces[piece][offset...])
      piece += 1
      offset = 0
    }
    return bytes
  }

  /// As much as fits of the long piece that comes next, if one does.
  private func longPiece(_ most: Int) -> UnsafeRawBufferPointer? {
    guard piece < frame.pieces.count, most > 0 else { return nil }
    let all = frame.pieces[piece]
    let slice = UnsafeRawBufferPointer(rebasing: all[offset..<min(offset + most, all.count)])
    offset += slice.count
    if offset == all.count {
      piece += 1
      offset = 0
    }
    return slice
  }
}
