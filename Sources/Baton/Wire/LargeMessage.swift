import BatonMessages

/// A frame that cannot join a packet yet, with its body and descriptors.
///
/// Sendable because it is written before anybody else holds it.
final class HeldFrame: @unchecked Sendable {
  let header: FrameHeader
  let body: UnsafeMutableRawPointer
  let descriptors: [Descriptor]

  init(_ header: FrameHeader, _ descriptors: [Descriptor]) {
    self.header = header
    self.descriptors = descriptors
    body = .allocate(byteCount: max(header.size, 1), alignment: 16)
  }

  deinit { body.deallocate() }

  var head: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: body, count: header.head) }
  var message: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: body + header.head, count: header.size - header.head)
  }

  /// Bytes as they are counted while they wait.
  var waiting: Int { FrameHeader.byteCount + header.paddedSize }

  func add(to packets: inout OutgoingPackets) {
    let memory = packets.add(header, descriptors: descriptors)
    memory.copyMemory(from: body, byteCount: header.size)
  }
}

/// A message that leaves in fragments, and the frames of the same call behind it.
///
/// Sendable because the queue alone holds it.
final class LargeMessage: @unchecked Sendable {
  private let frame: HeldFrame
  private var sent = 0
  private var descriptorsSent = 0
  private(set) var followers: [HeldFrame] = []
  private(set) var isDone = false

  init(_ frame: HeldFrame) {
    self.frame = frame
  }

  var call: UInt32 { frame.header.call }

  /// Bytes that have not left, followers' included.
  var waiting: Int {
    followers.reduce(isDone ? 0 : frame.waiting - sent) { $0 + $1.waiting }
  }

  /// Queues a frame of the same call. The memory for its body.
  func append(_ follower: HeldFrame) -> UnsafeMutableRawPointer {
    followers.append(follower)
    return follower.body
  }

  /// The next packet: a fragment of at most `most` bytes, a multiple of 8, or the frame itself with
  /// the rest.
  func next(most: Int, largestBody: Int) -> OutgoingPacket {
    let message = frame.message
    let files = frame.descriptors[descriptorsSent...].prefix(OutgoingPackets.descriptorsPerPacket)
    descriptorsSent += files.count
    let packet = OutgoingPacket()
    let left = message.count - sent
    var header = frame.header
    header.descriptors = files.count
    if left + header.head <= largestBody && descriptorsSent == frame.descriptors.count {
      isDone = true
      header.size = header.head + left
      packet.set(
        header, head: frame.head, slice: UnsafeRawBufferPointer(rebasing: message[sent...]),
        of: frame, Array(files))
    } else {
      let part = min(most, left) & ~(FrameHeader.alignment - 1)
      header = FrameHeader(
        .fragment, call: header.call, method: UInt64(sent), size: part, descriptors: files.count)
      packet.set(
        header, head: UnsafeRawBufferPointer(start: nil, count: 0),
        slice: UnsafeRawBufferPointer(rebasing: message[sent..<sent + part]), of: frame,
        Array(files))
      sent += part
    }
    return packet
  }
}
