import Baton
import BatonMessages
import Glibc
import SystemPackage

/// SIGINT, which then does not end the process: the first one. The second does.
struct Interrupt: Sendable {
  private let reading: Descriptor
  private let writing: Descriptor

  /// Where the handler writes. A handler may not allocate, nor take a lock (signal-safety(7)).
  private nonisolated(unsafe) static var number: Int32 = -1

  /// Once in a process. What is ignored, as in a shell's background, stays so.
  init() throws(Errno) {
    (reading, writing) = try Descriptor.pipe()
    Self.number = writing.withFileDescriptor { $0.rawValue }
    let before = signal(SIGINT) { _ in
      let error = errno
      var byte: UInt8 = 0
      _ = write(Interrupt.number, &byte, 1)
      signal(SIGINT, SIG_DFL)
      errno = error
    }
    let isIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    if isIgnored { signal(SIGINT, SIG_IGN) }
  }

  /// Returns when the signal has come.
  func wait(on loop: EventLoop) async throws(Errno) {
    try await loop.untilReadable(reading)
  }
}
