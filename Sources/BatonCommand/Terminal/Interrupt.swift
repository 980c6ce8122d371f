import Baton
import BatonMessages
import Glibc
import SystemPackage

/// SIGINT and SIGTERM, which then do not end the process: the first one. The second does.
struct Interrupt: Sendable {
  private let reading: Descriptor
  private let writing: Descriptor

  /// Where the handler writes. A handler may not allocate, nor take a lock (signal-safety(7)).
  private nonisolated(unsafe) static var number: Int32 = -1

  /// Once in a process. What is ignored, as in a shell's background, stays so.
  init() throws(Errno) {
    (reading, writing) = try Descriptor.pipe()
    Self.number = writing.withFileDescriptor { $0.rawValue }
    for number in [SIGINT, SIGTERM] {
      let before = signal(number) { number in
        let error = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(Interrupt.number, &byte, 1)
        signal(number, SIG_DFL)
        errno = error
      }
      let isIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if isIgnored { signal(number, SIG_IGN) }
    }
  }

  /// Ends the process by the signal, as a shell that runs a script has to see to end that, too. Its
  /// threads may block it.
  static func end(by number: Int32) {
    var alone = sigset_t()
    sigemptyset(&alone)
    sigaddset(&alone, number)
    signal(number, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &alone, nil)
    raise(number)
  }

  /// Waits for one of the signals. Which came.
  func wait(on loop: EventLoop) async throws(Errno) -> Int32 {
    try await loop.untilReadable(reading)
    var byte: UInt8 = 0
    _ = try withUnsafeMutableBytes(of: &byte) { (room) throws(Errno) in
      try reading.read(into: room)
    }
    return Int32(byte)
  }
}
