import BatonMessages
import Glibc
import SystemPackage

/// Becomes a command that inherits the reply's descriptors, by the protocol of sd_listen_fds(3).
struct ExecOutput {
  /// The number that the first descriptor gets, SD_LISTEN_FDS_START.
  private static let firstNumber: Int32 = 3

  let command: [String]
  let descriptors: [(path: String, descriptor: Descriptor)]
  /// The reply as JSON text.
  let json: String

  /// Replaces this process (execvp(3)); returns only by throwing.
  ///
  /// Descriptor 3 and those after it are the reply's, in the order of LISTEN_FDNAMES. One more holds
  /// the reply as JSON; BATON_REPLY is its path.
  func run() throws(Failure) -> Never {
    do throws(Errno) {
      var all = descriptors.map(\.descriptor)
      all.append(try Descriptor.memory(Array(json.utf8), name: "reply", sealed: true))
      try Self.place(all)
    } catch {
      throw Failure(.output, "cannot hand descriptors to \(command[0]): \(error)")
    }
    for (name, value) in variables { setenv(name, value, 1) }
    _ = CStrings.withArray(command) { execvp(command[0], $0) }
    let error = Errno(rawValue: errno)
    throw Failure(
      error == .noSuchFileOrDirectory ? .commandNotFound : .commandNotExecutable,
      "cannot execute \(command[0]): \(error)")
  }

  /// Two steps, as a descriptor may have a number now that another one is to get.
  private static func place(_ descriptors: [Descriptor]) throws(Errno) {
    let end = firstNumber + Int32(descriptors.count)
    let apart = descriptors.map { descriptor in
      descriptor.withFileDescriptor { fcntl($0.rawValue, F_DUPFD_CLOEXEC, end) }
    }
    for (number, source) in zip(firstNumber..., apart) where dup2(source, number) < 0 {
      throw Errno(rawValue: errno)
    }
  }

  private var variables: [(name: String, value: String)] {
    [
      ("LISTEN_FDS", "\(descriptors.count)"),
      ("LISTEN_PID", "\(getpid())"),
      ("LISTEN_FDNAMES", descriptors.map(\.path).map(Self.listenName).joined(separator: ":")),
      ("BATON_REPLY", "/dev/fd/\(Int(Self.firstNumber) + descriptors.count)"),
    ]
  }

  /// At most 255 characters; the separator of LISTEN_FDNAMES and what is not printable become underscores.
  private static func listenName(_ path: String) -> String {
    var name = ""
    for scalar in path.unicodeScalars.prefix(255) {
      name.unicodeScalars.append(
        scalar == ":" || !scalar.isASCII || scalar.isControl ? "_" : scalar)
    }
    return name
  }
}
