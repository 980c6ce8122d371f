import ArgumentParser
import Baton
import CBenchmark

/// The server process of a trial.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @OptionGroup var role: TrialRole

  func run() async throws {
    try role.countAllocations(of: BENCHMARK_SERVER)
    switch role.contender {
    case .raw:
      try check(benchmark_raw_serve(Inherited.socket, UInt32(role.workload.descriptors)))
    case .baton(.async, let spin):
      try await serve(AsyncEcho(handlers: EchoHandlers()), spin)
    case .baton(.sync, let spin):
      try await serve(SynchronousEcho(handlers: EchoHandlers()), spin)
    }
  }

  private func serve(_ service: any RPCService, _ spin: Bool) async throws {
    let options = ServerOptions(loopOptions: EventLoopOptions(spin: spin))
    let server = Server(
      address: "fd:\(Inherited.socket)", services: [service], options: options)
    try await server.run()
  }
}
