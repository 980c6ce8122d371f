import BatonMessages
import SystemPackage
import Testing

@Suite struct DescriptorContentTests {
  private func offset(_ descriptor: Descriptor) throws -> Int64 {
    try descriptor.withFileDescriptor { try $0.seek(offset: 0, from: .current) }
  }

  @Test func `positional reads and writes move nobody's offset`() throws {
    let file = try Descriptor.memory(Array("0123456789".utf8))
    try file.write(Array("AB".utf8), at: 4)
    let text = try withUnsafeTemporaryAllocation(byteCount: 4, alignment: 1) { buffer throws in
      let count = try file.read(into: buffer, at: 3)
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
    #expect(text == "3AB6")
    #expect(try file.readAll(from: 8) == Array("89".utf8))
    #expect(try offset(file) == 0)
  }

  @Test func `a positional read is short only at the end`() throws {
    let file = try Descriptor.memory([1, 2, 3])
    try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { buffer throws in
      #expect(try file.read(into: buffer, at: 1) == 2)
      #expect(try file.read(into: buffer, at: 3) == 0)
      #expect(try file.read(into: buffer, at: 1000) == 0)
      #expect(try file.read(into: .init(start: nil, count: 0), at: 0) == 0)
    }
    #expect(throws: Errno.invalidArgument) { try file.readAll(from: -1) }
  }

  @Test func `a write past the end leaves zeros between`() throws {
    let file = try Descriptor.memory([1])
    try file.write([9], at: 3)
    #expect(try file.readAll() == [1, 0, 0, 9])
  }

  @Test func `reading to the end begins at the offset that duplicates share`() throws {
    let file = try Descriptor.memory(Array("heading\nrest".utf8))
    let duplicate = try file.duplicate()
    try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { buffer throws in
      #expect(try duplicate.read(into: buffer) == 8)
    }
    #expect(try file.readTextToEnd() == "rest")
    #expect(try duplicate.readToEnd() == [])
    #expect(try duplicate.readAll() == Array("heading\nrest".utf8))
  }

  @Test func `a reopened file has an offset of its own`() throws {
    let file = try Descriptor.memory([1, 2, 3])
    _ = try file.readToEnd()
    let reopened = try file.reopened()
    #expect(try offset(reopened) == 0)
    #expect(try reopened.readToEnd() == [1, 2, 3])
    #expect(try offset(file) == 3)
    #expect(try reopened.describe().access == .readWrite)
  }

  @Test func `reading access is no confinement`() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending("file")
      _ = try Descriptor.open(path, access: .writeOnly, options: .create)
      let file = try Descriptor.open(path)
      #expect(throws: Errno.badFileDescriptor) { try file.write([1], at: 0) }
      try file.reopened(access: .readWrite).write([1], at: 0)
      #expect(try file.readAll() == [1])
    }
  }

  @Test func `a path without access is reopened for reading`() throws {
    let path = try Descriptor.open("/etc/passwd", options: .pathOnly)
    #expect(throws: Errno.badFileDescriptor) { try path.readAll() }
    let file = try path.reopened()
    #expect(try file.describe().access == .read)
    #expect(try file.readAll() == Descriptor.open("/etc/passwd").readToEnd())
  }

  @Test func `O_APPEND puts positional writes at the end`() throws {
    try withTemporaryDirectory { directory in
      let file = try Descriptor.open(
        directory.appending("log"), access: .readWrite, options: [.create, .append])
      try file.write([1], at: 0)
      try file.write([2], at: 0)
      #expect(try file.readAll() == [1, 2])
    }
  }

  @Test func `a pipe is read until its writers are gone, and has no positions`() throws {
    let (reading, writing) = try Descriptor.pipe()
    try writing.withFileDescriptor { _ = try $0.writeAll("one two".utf8) }
    _ = consume writing
    #expect(throws: Errno.illegalSeek) { try reading.readAll() }
    #expect(throws: Errno.illegalSeek) { try reading.write([1], at: 0) }
    #expect(try reading.readTextToEnd() == "one two")
  }

  @Test func `a socket cannot be reopened`() throws {
    #expect(throws: Errno.noSuchAddressOrDevice) {
      try Descriptor.socketPair(.stream).0.reopened()
    }
  }

  @Test func `content beyond the limit is refused`() throws {
    let file = try Descriptor.memory([UInt8](repeating: 7, count: 100))
    #expect(try file.readAll(limit: 100).count == 100)
    #expect(throws: Errno.fileTooLarge) { try file.readAll(limit: 99) }
    #expect(throws: Errno.fileTooLarge) { try file.readToEnd(limit: 0) }
    #expect(throws: Errno.fileTooLarge) {
      try Descriptor.open("/dev/zero").readToEnd(limit: 1_000_000)
    }
  }

  @Test func `a size that is only claimed costs nothing`() throws {
    let file = try Descriptor.memory()
    try file.withFileDescriptor { try $0.resize(to: 1 << 50) }
    #expect(throws: Errno.fileTooLarge) { try file.readAll(limit: 1 << 20) }
  }

  @Test func `large content comes whole`() throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try Descriptor.memory(bytes)
    #expect(try file.readToEnd() == bytes)
    #expect(try file.readAll(from: 1_000_000) == Array(bytes[1_000_000...]))
  }

  @Test func `text that is not UTF-8 is an error`() throws {
    #expect(throws: Errno.illegalByteSequence) {
      try Descriptor.memory([0x66, 0xff]).readTextToEnd()
    }
    #expect(try Descriptor.memory(Array("ä\0b".utf8)).readTextToEnd() == "ä\0b")
  }
}
