package import BatonMessages
import Glibc
package import SystemPackage

/// Reads all that a descriptor holds, piece by piece.
///
/// A file is read by position from its start and nobody's offset moves; a pipe, socket or terminal
/// is read until its end.
package struct ContentCopy {
  private let source: Descriptor
  private let isPositional: Bool

  package init(of source: Descriptor) throws(Errno) {
    self.source = source
    var status = stat()
    let result = source.withFileDescriptor { fstat($0.rawValue, &status) }
    if result != 0 { throw Errno(rawValue: errno) }
    isPositional = status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFBLK
  }

  /// Hands each piece and its place, in bytes from the first, to `write`.
  package func write(
    _ write: (UnsafeRawBufferPointer, Int64) throws(Errno) -> Void
  ) throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var done: Int64 = 0
    while true {
      let count = try read(into: buffer, at: done)
      if count == 0 { return }
      try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), done)
      done += Int64(count)
    }
  }

  /// Waits where the other holders of the description made it non-blocking.
  private func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(Errno) -> Int {
    if isPositional { return try source.read(into: buffer, at: offset) }
    while true {
      do throws(Errno) {
        return try source.read(into: buffer)
      } catch .resourceTemporarilyUnavailable {
        source.withFileDescriptor { StandardOutput.wait(for: Int16(POLLIN), on: $0) }
      }
    }
  }
}
