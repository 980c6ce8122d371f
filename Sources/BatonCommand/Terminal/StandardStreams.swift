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
