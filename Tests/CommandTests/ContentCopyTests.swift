import BatonCommand
import BatonMessages
import Foundation
import SystemPackage
import Testing

@Suite struct ContentCopyTests {
  private func copy(_ source: Descriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try ContentCopy(of: source).write { (piece, offset) throws(Errno) in
      #expect(offset == Int64(bytes.count))
      bytes += piece
    }
    return bytes
  }

  @Test func `a file is copied from its start and its offset stays`() throws {
    let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let file = try Descriptor.memory(content)
    _ = try file.withFileDescriptor { try $0.seek(offset: 4711, from: .start) }
    #expect(try copy(file) == content)
    #expect(try file.withFileDescriptor { try $0.seek(offset: 0, from: .current) } == 4711)
  }

  @Test(arguments: [false, true])
  func `a pipe is copied to its end, blocking or not`(isNonBlocking: Bool) throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    let pipe = try Self.pipe(feeding: content)
    if isNonBlocking { try pipe.makeNonBlocking() }
    #expect(try copy(pipe) == content)
  }

  /// The reading end; a thread writes `content` to the other, which then has no owner left.
  private static func pipe(feeding content: [UInt8]) throws -> Descriptor {
    let (reading, writing) = try Descriptor.pipe()
    let number = try writing.take()
    Thread.detachNewThread {
      _ = try? number.writeAll(content)
      try? number.close()
    }
    return reading
  }

  @Test func `a directory cannot be copied`() throws {
    let directory = try Descriptor.open("/", options: .directory)
    #expect(throws: Errno.isDirectory) { try copy(directory) }
  }
}

extension Descriptor {
  fileprivate func makeNonBlocking() throws {
    let number = withFileDescriptor { $0.rawValue }
    #expect(fcntl(number, F_SETFL, O_NONBLOCK) == 0)
  }
}
