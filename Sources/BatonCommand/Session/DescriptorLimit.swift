import Glibc

/// How many descriptors the process may have open.
enum DescriptorLimit {
  /// Of those that a command opens at least. With fewer, libdispatch ends the process before an error
  /// could say why.
  private static let least = 8

  /// Throws where the limit (getrlimit(2), RLIMIT_NOFILE) leaves too few.
  static func check() throws(Failure) {
    var free: [Int32] = []
    defer { for number in free { close(number) } }
    while free.count < least {
      let number = open("/", O_RDONLY | O_CLOEXEC)
      if number < 0 {
        throw Failure(
          .system,
          "expected room for at least \(least) more open files, got \(free.count): "
            + "raise the limit, as with ulimit -n 1024")
      }
      free.append(number)
    }
  }
}
