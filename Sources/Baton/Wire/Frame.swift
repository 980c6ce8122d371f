package import BatonMessages

/// A frame as it lies in a received packet. Valid only as long as the packet's memory.
package struct Frame {
  package let header: FrameHeader
  package let head: UnsafeRawBufferPointer
  /// Without what was received in place.
  package let message: LentMessage
  /// So many bytes of the message went before: they were received where they belong, by the guess
  /// of a ``Reassembly``.
  var inPlace = 0

  /// Bytes of the message, or of the fragment of one.
  var messageSize: Int { inPlace + message.count }
}

/// Walks the frames of one received packet and checks what the specification asks of each.
package struct PacketFrames {
  private var rest: UnsafeRawBufferPointer
  private let arrived: Int
  private let lost: Bool
  /// Bytes of the first frame's message that lie elsewhere.
  private var inPlace: Int

  static let largestHead = 65_536

  /// `arrived` descriptors came with the packet; some were lost on the way if `lost` is set.
  /// Of the first frame, which has no head then, `inPlace` bytes were received elsewhere.
  package init(_ packet: UnsafeRawBufferPointer, arrived: Int, lost: Bool, inPlace: Int = 0) {
    rest = packet
    self.inPlace = inPlace
    self.arrived = arrived
    self.lost = lost
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next frame; nil behind the last.
  package mutating func next() throws(ProtocolError) -> Frame? {
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
    rest = UnsafeRawBufferPointer(start: start + whole, count: rest.count - whole)
    let body = start + FrameHeader.byteCount
    for index in header.size..<header.paddedSize {
      let byte = body.load(fromByteOffset: index, as: UInt8.self)
      if byte != 0 { throw ProtocolError("expected padding of zeros, got \(byte)") }
    }
    try Self.check(header)
    try checkDescriptors(header)
    let before = header.head + inPlace
    precondition(before <= header.size, "more was received in place than the frame has")
    defer { inPlace = 0 }
    return Frame(
      header: header, head: UnsafeRawBufferPointer(start: body, count: header.head),
      message: LentMessage(
        UnsafeRawBufferPointer(start: body + before, count: header.size - before)),
      inPlace: inPlace)
  }

  private static func check(_ header: FrameHeader) throws(ProtocolError) {
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
