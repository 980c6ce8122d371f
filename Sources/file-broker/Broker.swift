import Baton
import BatonMessages
import SystemPackage

/// The service: opens what lies below its root, and reads what callers opened.
struct Broker: FileBroker.Service {
  /// A directory, O_PATH.
  let root: Descriptor

  func open(_ request: OpenRequest, context: CallContext) async throws -> OpenReply {
    let file = try Descriptor.open(
      FilePath(request.path), beneath: root, options: .nonBlocking)
    let found = try file.describe()
    guard found.kind == .regularFile || found.kind == .memory else {
      throw RPCError(
        .failedPrecondition, "expected a regular file at \(request.path), got \(found)")
    }
    return OpenReply(file: file, size: UInt64(found.size ?? 0))
  }

  func count(_ request: CountRequest, context: CallContext) async throws -> CountReply {
    // Reading may wait, for a pipe's writer as an example: not on the connection's loop.
    try await context.offLoop {
      CountReply(counts: try request.files.map(Counts.init(reading:)))
    }
  }
}

extension Counts {
  /// Reads `file` to its end, as wc(1) does.
  init(reading file: Descriptor) throws(Errno) {
    self.init()
    var isInWord = false
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 1)
    defer { buffer.deallocate() }
    while true {
      let read = try file.read(into: buffer)
      if read == 0 { return }
      bytes += UInt64(read)
      for byte in buffer[..<read] {
        if byte == UInt8(ascii: "\n") { lines += 1 }
        let isSpace = byte == UInt8(ascii: " ") || (9...13).contains(byte)
        if isInWord && isSpace || !isInWord && !isSpace {
          isInWord = !isSpace
          if isInWord { words += 1 }
        }
      }
    }
  }
}
