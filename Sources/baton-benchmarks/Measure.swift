import ArgumentParser
import CBenchmark

/// The client process of a trial: calls, measures and hands the sample over.
struct Measure: AsyncParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @OptionGroup var role: ClientRole

  func run() async throws {
    let timer = try role.start()
    try await role.withCaller { try await $0.call(timer) }
    var sample = benchmark_timer_finish(timer)
    try withUnsafeBytes(of: &sample) { try role.report($0) }
  }
}

/// The client process of a trial that looks for what an idle connection costs.
struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)

  @OptionGroup var role: ClientRole

  func run() async throws {
    let timer = try role.start()
    var idleness = benchmark_idleness()
    try await role.withCaller { caller in
      try await caller.call(timer)
      _ = benchmark_timer_finish(timer)
      idleness = benchmark_watch_idle(role.server)
    }
    try withUnsafeBytes(of: &idleness) { try role.report($0) }
  }
}
