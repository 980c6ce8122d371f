import BatonMessages

/// The bytes of one packet and the descriptors that belong to its last frame, which it keeps open
/// until it has left.
///
/// Sendable because whoever holds it, the queue or the one sender, holds it alone.
final class OutgoingPacket: @unchecked Sendable {
  private var memory: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private var written = 0
  var descriptors: [Descriptor] = []
  /// Behind what is written here: bytes of a large message, which is kept, and zeros.
  private(set) var slice: UnsafeRawBufferPointer?
  private var sliceOwner: HeldFrame?
  private(set) var padding = 0
  /// Where the last frame begins, and the call it belongs to.
  private(set) var lastFrame = 0
  private(set) var lastCall: UInt32 = 0
  /// Nothing more may be added.
  var isClosed = false

  private static let firstCapacity = 4096
  /// Larger memory is not kept for the next packet.
  static let kept = 64 * 1024

  init() {
    capacity = Self.firstCapacity
    memory = .allocate(byteCount: capacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }

  /// Bytes of the whole packet.
  var count: Int { written + (slice?.count ?? 0) + padding }

  /// The packet's bytes, or those in front of its slice.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: written) }

  func empty() {
    written = 0
    lastFrame = 0
    descriptors = []
    slice = nil
    sliceOwner = nil
    padding = 0
    isClosed = false
  }

  func extend(by size: Int, _ header: FrameHeader) -> UnsafeMutableRawPointer {
    reserve(written + size)
    let start = memory + written
    header.write(to: start)
    let padding = header.paddedSize - header.size
    if padding > 0 {
      (start + size - padding).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
    }
    lastFrame = written
    lastCall = header.call
    written += size
    return start + FrameHeader.byteCount
  }

  /// Makes the packet one frame: `header`, `head`, and `slice`, which lies in `owner`.
  func set(
    _ header: FrameHeader, head: UnsafeRawBufferPointer, slice: UnsafeRawBufferPointer,
    of owner: HeldFrame, _ descriptors: [Descriptor]
  ) {
    reserve(FrameHeader.byteCount + head.count)
    header.write(to: memory)
    if let start = head.baseAddress {
      (memory + FrameHeader.byteCount).copyMemory(from: start, byteCount: head.count)
    }
    written = FrameHeader.byteCount + head.count
    lastFrame = 0
    lastCall = header.call
    self.slice = slice
    sliceOwner = owner
    padding = header.paddedSize - header.size
    self.descriptors = descriptors
    isClosed = true
  }

  /// Takes the last frame off, which cannot leave.
  func dropLastFrame() {
    written = lastFrame
    descriptors = []
    slice = nil
    sliceOwner = nil
    padding = 0
  }

  private func reserve(_ size: Int) {
    if size <= capacity { return }
    let grown = max(size, capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(
      byteCount: grown, alignment: FrameHeader.alignment)
    larger.copyMemory(from: memory, byteCount: written)
    memory.deallocate()
    memory = larger
    capacity = grown
  }
}
