import BatonMessages

/// Frames that wait to leave, gathered into as few packets as fit.
///
/// Frames leave in the order they came in. A frame with descriptors is the last of its packet.
struct OutgoingPackets: ~Copyable {
  /// Bytes that a packet may have.
  var largestPacket: Int
  private var packets: [OutgoingPacket] = []
  private var spare: OutgoingPacket?
  /// Bytes of all packets that wait.
  private(set) var waiting = 0

  init(largestPacket: Int) {
    self.largestPacket = largestPacket
  }

  var isEmpty: Bool { packets.isEmpty }

  /// The most a body may have: one frame is at most one packet.
  var largestBody: Int { (largestPacket - FrameHeader.byteCount) & ~(FrameHeader.alignment - 1) }

  /// Makes room for a frame, whose header is written, and gives the memory for its body, which the
  /// caller fills with `header.size` bytes before anything else is added. The size must be at most
  /// ``largestBody``.
  mutating func add(
    _ header: FrameHeader, descriptors: [Descriptor] = []
  ) -> UnsafeMutableRawPointer {
    let size = FrameHeader.byteCount + header.paddedSize
    let packet = open(for: size)
    waiting += size
    let memory = packet.extend(by: size, header)
    if !descriptors.isEmpty { packet.descriptors = descriptors }
    return memory
  }

  /// Takes the packet that leaves next.
  mutating func takeFirst() -> OutgoingPacket? {
    if packets.isEmpty { return nil }
    let packet = packets.removeFirst()
    waiting -= packet.count
    return packet
  }

  /// Returns a packet that could not leave yet.
  mutating func putBack(_ packet: OutgoingPacket) {
    packet.isClosed = true
    waiting += packet.count
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
    waiting = 0
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

/// The bytes of one packet and the descriptors that belong to its last frame, which it keeps open
/// until it has left.
///
/// Sendable because whoever holds it, the queue or the one sender, holds it alone.
final class OutgoingPacket: @unchecked Sendable {
  private var memory: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private(set) var count = 0
  fileprivate(set) var descriptors: [Descriptor] = []
  /// Where the last frame begins, and the call it belongs to.
  private(set) var lastFrame = 0
  private(set) var lastCall: UInt32 = 0
  /// Nothing more may be added.
  fileprivate var isClosed = false

  private static let firstCapacity = 4096
  /// Larger memory is not kept for the next packet.
  fileprivate static let kept = 64 * 1024

  init() {
    capacity = Self.firstCapacity
    memory = .allocate(byteCount: capacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  fileprivate func empty() {
    count = 0
    lastFrame = 0
    descriptors = []
    isClosed = false
  }

  fileprivate func extend(by size: Int, _ header: FrameHeader) -> UnsafeMutableRawPointer {
    reserve(count + size)
    let start = memory + count
    header.write(to: start)
    let padding = header.paddedSize - header.size
    if padding > 0 {
      (start + size - padding).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
    }
    lastFrame = count
    lastCall = header.call
    count += size
    return start + FrameHeader.byteCount
  }

  /// Takes the last frame off, which cannot leave.
  func dropLastFrame() {
    count = lastFrame
    descriptors = []
  }

  private func reserve(_ size: Int) {
    if size <= capacity { return }
    let grown = max(size, capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(
      byteCount: grown, alignment: FrameHeader.alignment)
    larger.copyMemory(from: memory, byteCount: count)
    memory.deallocate()
    memory = larger
    capacity = grown
  }
}
