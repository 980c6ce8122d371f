/// A frame as it lies in a received packet. Valid only as long as the packet's memory.
struct Frame {
  let header: FrameHeader
  let head: UnsafeRawBufferPointer
  let message: UnsafeRawBufferPointer
}

/// Walks the frames of one received packet and checks what the specification asks of each.
struct PacketFrames {
  private var rest: UnsafeRawBufferPointer
  private let arrived: Int
  private let lost: Bool

  static let largestHead = 65_536

  /// `arrived` descriptors came with the packet; some were lost on the way if `lost` is set.
  init(_ packet: UnsafeRawBufferPointer, arrived: Int, lost: Bool) {
    rest = packet
    self.arrived = arrived
    self.lost = lost
  }

  /// The next frame; nil behind the last.
  mutating func next() throws(ProtocolError) -> Frame? {
    guard let start = rest.baseAddress, rest.count > 0 else { return nil }
    guard rest.count >= FrameHeader.byteCount else {
      throw ProtocolError(
        "expected a header of \(FrameHeader.byteCount) bytes, got \(rest.count) bytes")
    }
    let header = try FrameHeader(reading: start)
    let whole = FrameHeader.byteCount + header.paddedSize
    guard whole <= rest.count else {
      throw ProtocolError("expected a frame of \(whole) bytes, got \(rest.count)")
    }
    let body = UnsafeRawBufferPointer(
      rebasing: rest[FrameHeader.byteCount..<FrameHeader.byteCount + header.size])
    let padding = rest[FrameHeader.byteCount + header.size..<whole]
    rest = UnsafeRawBufferPointer(rebasing: rest[whole...])
    try Self.check(header, padding)
    try checkDescriptors(header)
    return Frame(
      header: header, head: UnsafeRawBufferPointer(rebasing: body[..<header.head]),
      message: UnsafeRawBufferPointer(rebasing: body[header.head...]))
  }

  private static func check(
    _ header: FrameHeader, _ padding: Slice<UnsafeRawBufferPointer>
  ) throws(ProtocolError) {
    for byte in padding where byte != 0 {
      throw ProtocolError("expected padding of zeros, got \(byte)")
    }
    guard header.head <= min(header.size, largestHead) else {
      throw ProtocolError(
        "expected a head of at most \(min(header.size, largestHead)) bytes, got \(header.head)")
    }
    guard header.kind.isAboutConnection == (header.call == 0) else {
      throw ProtocolError("call \(header.call) in a frame of kind \(header.kind.rawValue)")
    }
    guard header.kind.allows(isLast: header.isLast) else {
      throw ProtocolError(
        "flags \(header.isLast ? 1 : 0) in a frame of kind \(header.kind.rawValue)")
    }
    guard header.kind.hasMethod || header.method == 0 else {
      throw ProtocolError("a method in a frame of kind \(header.kind.rawValue)")
    }
    guard header.kind.hasHead || header.head == 0 else {
      throw ProtocolError("a head in a frame of kind \(header.kind.rawValue)")
    }
    guard header.kind.hasMessage || header.head == header.size else {
      throw ProtocolError("a message in a frame of kind \(header.kind.rawValue)")
    }
  }

  private func checkDescriptors(_ header: FrameHeader) throws(ProtocolError) {
    if rest.count > 0 {
      if header.descriptors == 0 { return }
      throw ProtocolError("descriptors in a frame that is not the packet's last")
    }
    guard header.kind.mayHaveDescriptors || header.descriptors == 0 else {
      throw ProtocolError("descriptors in a frame of kind \(header.kind.rawValue)")
    }
    if header.descriptors == arrived && !lost { return }
    if lost && arrived < header.descriptors { return }
    throw ProtocolError("expected \(header.descriptors) descriptors, got \(arrived)")
  }
}
