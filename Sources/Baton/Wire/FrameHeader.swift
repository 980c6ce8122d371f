/// The 24 bytes in front of every frame. This file alone knows where each of them lies.
package struct FrameHeader: Equatable {
  /// Bytes of the body: head and message together.
  package var size = 0
  package var kind: FrameKind
  package var isLast = false
  /// Descriptors of the packet that belong to this frame.
  package var descriptors = 0
  package var call: UInt32 = 0
  /// Bytes of the body that are the head.
  package var head = 0
  /// In a request, which method; in a fragment, how many bytes of the message went before it; in
  /// a ping, what its answer repeats.
  package var method: UInt64 = 0

  package static let byteCount = 24
  static let alignment = 8
  private static let lastFlag: UInt8 = 1

  /// Bytes of the body with the zeros behind it.
  package var paddedSize: Int { (size + Self.alignment - 1) & ~(Self.alignment - 1) }

  /// Writes ``byteCount`` bytes.
  package func write(to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: UInt32(size).littleEndian, as: UInt32.self)
    memory.storeBytes(of: kind.rawValue, toByteOffset: 4, as: UInt8.self)
    memory.storeBytes(of: isLast ? Self.lastFlag : 0, toByteOffset: 5, as: UInt8.self)
    memory.storeBytes(of: UInt16(descriptors).littleEndian, toByteOffset: 6, as: UInt16.self)
    memory.storeBytes(of: call.littleEndian, toByteOffset: 8, as: UInt32.self)
    memory.storeBytes(of: UInt32(head).littleEndian, toByteOffset: 12, as: UInt32.self)
    memory.storeBytes(of: method.littleEndian, toByteOffset: 16, as: UInt64.self)
  }

  /// Reads ``byteCount`` bytes, of which nothing is believed yet but what a header can say.
  package init(reading memory: UnsafeRawPointer) throws(ProtocolError) {
    let number = memory.load(fromByteOffset: 4, as: UInt8.self)
    guard let kind = FrameKind(rawValue: number) else {
      throw ProtocolError("expected a frame of kind 1 to 11, got \(number)")
    }
    let flags = memory.load(fromByteOffset: 5, as: UInt8.self)
    guard flags & ~Self.lastFlag == 0 else {
      throw ProtocolError("expected flags 0 or 1, got \(flags)")
    }
    self.kind = kind
    isLast = flags & Self.lastFlag != 0
    size = Int(UInt32(littleEndian: memory.loadUnaligned(as: UInt32.self)))
    descriptors = Int(
      UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
    call = UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    head = Int(UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
    method = UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
  }

  package init(
    _ kind: FrameKind, call: UInt32 = 0, method: UInt64 = 0, isLast: Bool = false, head: Int = 0,
    size: Int, descriptors: Int = 0
  ) {
    self.kind = kind
    self.call = call
    self.method = method
    self.isLast = isLast
    self.head = head
    self.size = size
    self.descriptors = descriptors
  }
}
