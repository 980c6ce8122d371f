import ArgumentParser

@main struct BatonBenchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baton-benchmarks",
    abstract: "Measures calls between two processes, beside raw C over the same kind of socket.",
    discussion: """
      Raw C is blocking sendmsg(2) and recvmsg(2) on a SOCK_SEQPACKET socket, one packet a message, \
      with the same payload and the same descriptors, without any encoding. Every run of Baton lies \
      between two runs of raw C; its ratios are to the mean of these two. What is printed are \
      medians over the rounds. CPU is the user and system time of both processes.
      """,
    subcommands: [Serve.self, Measure.self, Watch.self, CrowdServe.self, CrowdConnect.self])

  @Option(help: "What to call; may be repeated. All by default.")
  var workload: [Workload] = []

  @Option(help: "Seconds of each run, after a fifth of that as warm-up.")
  var seconds = 0.4

  @Option(help: "Runs of each contender.")
  var rounds = 5

  @Option(help: "Which of Baton's interfaces is used at both ends.")
  var client = ClientChoice.both

  @Flag(inversion: .prefixedNo, help: "Whether both ends poll a moment before they sleep.")
  var spin = true

  @Flag(help: "Another program keeps every processor busy. Runs with and without polling.")
  var contended = false

  @Flag(help: "Let the scheduler place the processes, which are on two processors otherwise.")
  var unpinned = false

  @Flag(help: "Both processes share one processor. Runs with and without polling.")
  var oneCore = false

  @Flag(help: "Runs without and with listeners to logs, metrics and traces.")
  var observed = false

  @Flag(help: "Measure what both processes do while no calls are made, instead.")
  var idle = false

  @Flag(help: "Count the memory allocations of a call, instead.")
  var allocations = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Option(help: "Run once and print `RESULT NAME …`, for harnesses that compare programs.")
  var peersLine: String?

  enum ClientChoice: String, CaseIterable, ExpressibleByArgument {
    case async, sync, both
  }

  func validate() throws {
    guard rounds >= 1 else { throw ValidationError("--rounds: expected at least 1, got \(rounds)") }
    guard seconds > 0, seconds <= 60 else {
      throw ValidationError("--seconds: expected more than 0 and at most 60, got \(seconds)")
    }
    if [contended, oneCore, unpinned].count(where: { $0 }) > 1 {
      throw ValidationError("expected one of --contended, --one-core and --unpinned, got more")
    }
    if observed && (contended || oneCore) {
      throw ValidationError("--observed: expected neither --contended nor --one-core, got one")
    }
  }

  func run() async throws {
    if let peersLine {
      try printPeersLine(named: peersLine)
    } else if idle {
      try printIdleness()
    } else if allocations {
      try printAllocations()
    } else {
      try printContests()
    }
  }
}
