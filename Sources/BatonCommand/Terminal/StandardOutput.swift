import Glibc
import SystemPackage

/// Where results go, and nothing else.
enum StandardOutput {
  static func write(_ text: String) throws(Failure) {
    var text = text
    do {
      try text.withUTF8 { bytes in try write(UnsafeRawBufferPointer(bytes), to: .standardOutput) }
    } catch {
      throw cannotWrite(error)
    }
  }

  private static func cannotWrite(_ error: any Error) -> Failure {
    let why =
      error as? Errno == .badFileDescriptor ? "it is closed, or not open for writing" : "\(error)"
    return Failure(.output, "cannot write to standard output: \(why)")
  }

  /// Throws unless it is there to be written to (fcntl(2), F_GETFL).
  static func check() throws(Failure) {
    let flags = fcntl(STDOUT_FILENO, F_GETFL)
    if flags < 0 || flags & O_ACCMODE == O_RDONLY {
      throw cannotWrite(Errno.badFileDescriptor)
    }
  }

  /// Writes all of `bytes` (write(2)), waiting where the other holders of the description made it
  /// non-blocking.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to output: FileDescriptor
  ) throws(Errno) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(output.rawValue, rest.baseAddress, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        continue
      }
      switch Errno(rawValue: errno) {
      case .interrupted: continue
      case .resourceTemporarilyUnavailable: wait(for: Int16(POLLOUT), on: output)
      case let error: throw error
      }
    }
  }

  /// poll(2), without end.
  static func wait(for events: Int16, on descriptor: FileDescriptor) {
    var entry = pollfd(fd: descriptor.rawValue, events: events, revents: 0)
    _ = poll(&entry, 1, -1)
  }
}
