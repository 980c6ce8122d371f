import CBenchmark
import Glibc
import SystemPackage

/// One run of one contender: a client and a server process of this program, joined by a socket pair.
struct Trial {
  var workload: Workload
  var contender: Contender
  /// Of the timed part; a fifth of it goes before as warm-up.
  var seconds: Double
  var placement = Placement.anywhere
  var countsAllocations = false

  /// Calls for ``seconds``.
  func run() throws -> benchmark_sample {
    var sample = benchmark_sample()
    try withUnsafeMutableBytes(of: &sample) { try run("measure", into: $0) }
    return sample
  }

  /// Calls for ``seconds``, then watches both processes for a second.
  func watch() throws -> benchmark_idleness {
    var idleness = benchmark_idleness()
    try withUnsafeMutableBytes(of: &idleness) { try run("watch", into: $0) }
    return idleness
  }

  private func run(_ role: String, into result: UnsafeMutableRawBufferPointer) throws {
    let sockets = try socketPair()
    let results = try FileDescriptor.pipe()
    let counters = try Self.counters()
    let server = try start("serve", on: placement.server, inheriting: [sockets.server, counters])
    defer { benchmark_process_end(server) }
    let client = try start(
      role, ["\(server)", "\(seconds)"], on: placement.client,
      inheriting: [sockets.client, counters, results.writeEnd])
    for descriptor in [sockets.server, sockets.client, counters, results.writeEnd] {
      try descriptor.close()
    }
    defer { try? results.readEnd.close() }
    let size = try results.readEnd.read(into: result)
    let status = benchmark_process_wait(client)
    if status != 0 || size != result.count {
      throw TrialError(
        description:
          "\(workload.rawValue) by \(contender.argument): expected the client to report, "
          + "which ended with status \(status)")
    }
  }

  private func start(
    _ role: String, _ more: [String] = [], on processor: Int32?,
    inheriting descriptors: [FileDescriptor]
  ) throws -> pid_t {
    let arguments =
      ["baton-benchmarks", role, workload.rawValue, contender.argument] + more
      + (countsAllocations ? ["--counting"] : [])
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let numbers = descriptors.map(\.rawValue)
    let process = benchmark_process_start(&pointers, numbers, Int32(numbers.count), processor ?? -1)
    if process < 0 { throw Errno(rawValue: -process) }
    return process
  }

  private func socketPair() throws -> (server: FileDescriptor, client: FileDescriptor) {
    var numbers: [Int32] = [-1, -1]
    let type = contender == .raw(.stream) ? SOCK_STREAM : SOCK_SEQPACKET
    let kind = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    if socketpair(AF_UNIX, kind, 0, &numbers) != 0 { throw Errno(rawValue: errno) }
    return (FileDescriptor(rawValue: numbers[0]), FileDescriptor(rawValue: numbers[1]))
  }

  private static func counters() throws -> FileDescriptor {
    let number = benchmark_counters_make()
    if number < 0 { throw Errno(rawValue: -number) }
    return FileDescriptor(rawValue: number)
  }
}

/// Where a process of a trial finds what it inherits.
enum Inherited {
  static let socket: Int32 = 3
  static let counters: Int32 = 4
  static let results: Int32 = 5
}

/// A trial that measured nothing.
struct TrialError: Error, CustomStringConvertible {
  var description: String
}
