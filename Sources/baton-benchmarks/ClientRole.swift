import ArgumentParser
import Baton
import CBenchmark
import Glibc
import SystemPackage

/// What the client process of a trial is told, and how it reports.
struct ClientRole: ParsableArguments {
  @OptionGroup var role: TrialRole
  /// The server process.
  @Argument var server: pid_t
  @Argument var duration: Double

  /// Begins to count, and makes the timer.
  func start() throws -> UnsafeMutablePointer<benchmark_timer> {
    try role.countAllocations(of: BENCHMARK_CLIENT)
    guard let timer = benchmark_timer_make(duration, server) else { throw Errno.noMemory }
    return timer
  }

  /// Connects as the contender does and lends the connection to `body`.
  func withCaller(_ body: (any Caller) async throws -> Void) async throws {
    let address = "fd:\(Inherited.socket)"
    switch role.contender {
    case .raw(let way):
      try await body(RawCaller(workload: role.workload, way: way))
    case .baton(.async, _, _):
      let options = ConnectionOptions(role.contender)
      let client = try await Echo.Client(connectingTo: address, options: options)
      try await body(AsyncCaller(workload: role.workload, client: client))
    case .baton(.sync, _, _):
      let options = ConnectionOptions(role.contender)
      let client = try Echo.SynchronousClient(connectingTo: address, options: options)
      try await body(SyncCaller(workload: role.workload, client: client))
    }
  }

  /// Hands the result to the process that started this one.
  func report(_ bytes: UnsafeRawBufferPointer) throws {
    _ = try FileDescriptor(rawValue: Inherited.results).writeAll(bytes)
  }
}

extension EventLoopOptions {
  init(spin: Bool) {
    self = spin ? EventLoopOptions() : EventLoopOptions(polling: .zero)
  }
}
