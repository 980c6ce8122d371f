import SystemPackage

// The protocol's frames: a message behind its length in four bytes, the least significant first.

extension [UInt8] {
  /// Everything up to the end of the file.
  init(readingFrom file: FileDescriptor) throws(Errno) {
    self = []
    while let part = try Self(upTo: 1 << 16, from: file) { self += part }
  }

  /// The next frame's content; nil at the end of the file.
  init?(framedFrom file: FileDescriptor) throws(Errno) {
    guard let head = try Self(count: 4, from: file) else { return nil }
    let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let body = try Self(count: length, from: file) else { return nil }
    self = body
  }

  func writeFramed(to file: FileDescriptor) throws {
    let head = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    try file.writeAll(head + self)
  }

  /// Nil when the file ends before.
  private init?(count: Int, from file: FileDescriptor) throws(Errno) {
    self = []
    while self.count < count {
      guard let part = try Self(upTo: count - self.count, from: file) else { return nil }
      self += part
    }
  }

  private init?(upTo most: Int, from file: FileDescriptor) throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: most, alignment: 1)
    defer { buffer.deallocate() }
    do {
      let count = try file.read(into: buffer)
      if count == 0 { return nil }
      self = Self(buffer[..<count])
    } catch {
      throw error as? Errno ?? .ioError
    }
  }
}
