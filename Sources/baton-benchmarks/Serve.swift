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
    case .raw(let way):
      if let large = way.large {
        try check(
          benchmark_large_serve(
            Inherited.socket, large, role.workload.size, role.workload == .upload64MiB))
      } else {
        try check(benchmark_raw_serve(Inherited.socket, UInt32(role.workload.descriptors)))
      }
    case .baton(.async, _, _): try await serve(AsyncEcho(handlers: EchoHandlers()))
    case .baton(.sync, _, _): try await serve(SynchronousEcho(handlers: EchoHandlers()))
    }
  }

  private func serve(_ service: any RPCService) async throws {
    let server = Server(
      address: "fd:\(Inherited.socket)", services: [service, EchoStream()],
      options: ServerOptions(role.contender))
    try await server.run()
  }
}
