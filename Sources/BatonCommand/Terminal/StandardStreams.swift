import Glibc

/// Descriptors 0, 1 and 2 as they were inherited.
enum StandardStreams {
  /// Fills the places of those that are closed, so that nothing else that is opened gets their
  /// numbers and is taken for one. What is there can be used as little as what is closed (`EBADF`),
  /// and no program that is started inherits it.
  static func fill() {
    for number in 0...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      // The lowest number that is free, which is this one.
      _ = open("/dev/null", (number == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
    }
  }
}

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
