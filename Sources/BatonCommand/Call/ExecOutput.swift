import BatonMessages
import Glibc
import SystemPackage

/// Becomes, or starts, a command that inherits the reply's descriptors, by the protocol of
/// sd_listen_fds(3).
///
/// Descriptor 3 and those after it are the reply's, in the order of LISTEN_FDNAMES. One more holds the
/// reply as JSON; BATON_REPLY is its path.
struct ExecOutput {
  /// The number that the first descriptor gets, SD_LISTEN_FDS_START.
  private static let firstNumber: Int32 = 3

  let command: [String]
  let descriptors: [(path: String, descriptor: Descriptor)]
  /// The reply as JSON text.
  let json: String

  /// Replaces this process (execvp(3)), or ends it with the error.
  func run() -> Never {
    do throws(Failure) {
      try placed { (apart) throws(Errno) in
        // Other threads use the numbers that the command is to get. Where the kernel has no such
        // table, they are all waiting.
        try? DescriptorTable.unshare()
        for (number, source) in zip(Self.firstNumber..., apart) where dup2(source, number) < 0 {
          throw Errno(rawValue: errno)
        }
      }
    } catch {
      Diagnostics.end(error)
    }
    for (name, value) in variables { setenv(name, value, 1) }
    setenv("LISTEN_PID", "\(getpid())", 1)
    _ = CStrings.withArray(command) { execvp(command[0], $0) }
    Diagnostics.end(Self.cannotExecute(command[0], Errno(rawValue: errno)))
  }

  /// Starts the command as a child (posix_spawn(3)) and returns its process. With `hidesInput` it
  /// finds nothing on standard input.
  func spawn(hidesInput: Bool) throws(Failure) -> pid_t {
    try placed { (apart) throws(Errno) in
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      if hidesInput { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
      for (number, source) in zip(Self.firstNumber..., apart) {
        posix_spawn_file_actions_adddup2(&actions, source, number)
      }
      var process: pid_t = 0
      let result = CStrings.withArray(Self.shell + command) { arguments in
        CStrings.withArray(environment) { environment in
          posix_spawn(&process, arguments[0]!, &actions, nil, arguments, environment)
        }
      }
      if result != 0 { throw Errno(rawValue: result) }
      return process
    }
  }

  /// Becomes the command, whose process nobody knows before it has begun.
  private static let shell = ["/bin/sh", "-c", #"export LISTEN_PID=$$; exec "$@""#, "sh"]

  /// Throws unless there is such a command, as a shell would look for it.
  static func check(_ command: String) throws(Failure) {
    let folders = command.contains("/") ? [] : (Environment["PATH"] ?? "").split(separator: ":")
    let paths = command.contains("/") ? [command] : folders.map { "\($0)/\(command)" }
    if paths.contains(where: { access($0, X_OK) == 0 }) { return }
    let isThere = paths.contains { access($0, F_OK) == 0 }
    throw cannotExecute(command, isThere ? .permissionDenied : .noSuchFileOrDirectory)
  }

  private static func cannotExecute(_ command: String, _ error: Errno) -> Failure {
    Failure(
      error == .noSuchFileOrDirectory ? .commandNotFound : .commandNotExecutable,
      "cannot execute \(command.shortened): \(error)")
  }

  /// Lends the descriptors to hand over, at numbers apart from those that they are to get: one may
  /// have a number now that another one is to get.
  private func placed<Result>(
    _ body: ([Int32]) throws(Errno) -> Result
  ) throws(Failure) -> Result {
    var apart: [Int32] = []
    defer { for number in apart { close(number) } }
    do throws(Errno) {
      let text = try Descriptor.memory(Array(json.utf8), name: "reply", sealed: true)
      let end = Self.firstNumber + Int32(descriptors.count) + 1
      for descriptor in descriptors.map(\.descriptor) + [text] {
        let number = descriptor.withFileDescriptor { fcntl($0.rawValue, F_DUPFD_CLOEXEC, end) }
        if number < 0 { throw Errno(rawValue: errno) }
        apart.append(number)
      }
      return try body(apart)
    } catch {
      throw Failure(.output, "cannot hand descriptors to \(command[0].shortened): \(error)")
    }
  }

  private var environment: [String] {
    let own = variables.map { "\($0.name)=\($0.value)" }
    return own
      + Environment.all.filter { !$0.hasPrefix("LISTEN_") && !$0.hasPrefix("BATON_REPLY=") }
  }

  private var variables: [(name: String, value: String)] {
    [
      ("LISTEN_FDS", "\(descriptors.count)"),
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
