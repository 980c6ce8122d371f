package import BatonMessages

/// The bytes of one packet and the descriptors that belong to its last frame, which it keeps open
/// until it has left.
///
/// Sendable because whoever holds it, the queue or the one sender, holds it alone. For the same reason
/// accesses are not checked for overlapping while running.
package final class OutgoingPacket: @unchecked Sendable {
  @exclusivity(unchecked) private var memory: UnsafeMutableRawPointer
  @exclusivity(unchecked) private(set) var capacity: Int
  @exclusivity(unchecked) private var written = 0
  @exclusivity(unchecked) package var descriptors: [Descriptor] = []
  /// Behind what is written here: bytes of a large message, which is kept, and what follows them.
  @exclusivity(unchecked) private(set) var slice: UnsafeRawBufferPointer?
  @exclusivity(unchecked) private var sliceOwner: HeldFrame?
  @exclusivity(unchecked) private var tailCount = 0
  /// Where the last frame begins, and the call it belongs to.
  @exclusivity(unchecked) private(set) var lastFrame = 0
  @exclusivity(unchecked) package private(set) var lastCall: UInt32 = 0
  /// Nothing more may be added.
  @exclusivity(unchecked) var isClosed = false
  /// Whether it is a piece of a large message.
  @exclusivity(unchecked) private(set) var isPiece = false

  private static let firstCapacity = 512
  /// Larger memory is not kept for the next packet.
  static let kept = 64 * 1024

  init() {
    capacity = Self.firstCapacity
    memory = .allocate(byteCount: capacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }

  /// Bytes of the whole packet.
  package var count: Int { written + (slice?.count ?? 0) + tailCount }

  /// The packet's bytes, or those in front of its slice.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory, count: written)
  }

  /// The bytes behind the slice.
  package var tail: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory + written, count: tailCount)
  }

  func empty() {
    written = 0
    lastFrame = 0
    descriptors = []
    slice = nil
    sliceOwner = nil
    tailCount = 0
    isClosed = false
    isPiece = false
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

  /// Makes the packet one frame: `header`, and a body in three parts, of which `slice` lies in
  /// `owner`.
  func set(
    _ header: FrameHeader, before: [UInt8], slice: UnsafeRawBufferPointer?, after: [UInt8],
    of owner: HeldFrame, _ descriptors: [Descriptor]
  ) {
    let padding = header.paddedSize - header.size
    reserve(FrameHeader.byteCount + before.count + after.count + padding)
    header.write(to: memory)
    (memory + FrameHeader.byteCount).copyBytes(before)
    let behind = memory + FrameHeader.byteCount + before.count
    behind.copyBytes(after)
    (behind + after.count).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
    written = FrameHeader.byteCount + before.count
    if slice == nil { written += after.count + padding } else { tailCount = after.count + padding }
    lastFrame = 0
    lastCall = header.call
    self.slice = slice
    sliceOwner = owner
    self.descriptors = descriptors
    isClosed = true
    isPiece = true
  }

  /// Takes the last frame off, which cannot leave. The one in front of it is the last then.
  func dropLastFrame() {
    written = lastFrame
    descriptors = []
    slice = nil
    sliceOwner = nil
    tailCount = 0
    (lastFrame, lastCall) = (0, 0)
    var offset = 0
    // What was written here is a header.
    while offset < written, let header = try? FrameHeader(reading: memory + offset) {
      (lastFrame, lastCall) = (offset, header.call)
      offset += FrameHeader.byteCount + header.paddedSize
    }
  }

  /// The calls whose requests, or last pieces of them, are in it.
  var requests: [UInt32] {
    var calls: [UInt32] = []
    var offset = 0
    // What was written here is a header.
    while offset < written, let header = try? FrameHeader(reading: memory + offset) {
      if header.kind == .request { calls.append(header.call) }
      offset += FrameHeader.byteCount + header.paddedSize
    }
    return calls
  }

  /// Takes the frames of some calls out, of which none has left.
  func dropFrames(of calls: Set<UInt32>) {
    if isPiece {
      // It is one frame.
      if calls.contains(lastCall) { empty() }
      return
    }
    var (from, to) = (0, 0)
    while from < written {
      // What was written here is a header.
      guard let header = try? FrameHeader(reading: memory + from) else { return }
      let size = FrameHeader.byteCount + header.paddedSize
      if calls.contains(header.call) {
        if from + size == written { descriptors = [] }
      } else {
        (memory + to).copyMemory(from: memory + from, byteCount: size)
        (lastFrame, lastCall) = (to, header.call)
        to += size
      }
      from += size
    }
    written = to
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
