import CBenchmark
import SystemPackage

/// What else the machine has to do during a contest, and where the processes run.
enum Conditions: String {
  /// Nothing else; each process has a processor of its own, so that it is not the scheduler's choice
  /// that is measured.
  case apart
  /// Nothing else; the scheduler places the processes.
  case unpinned
  /// The same as ``apart``, while another program keeps every processor busy.
  case contended
  /// Both processes share one processor.
  case oneCore = "one-core"

  func placement(on processors: [Int32]) -> Placement {
    guard let first = processors.first, let last = processors.last else { return .anywhere }
    switch self {
    case .apart, .contended: return Placement(client: first, server: last)
    case .unpinned: return .anywhere
    case .oneCore: return Placement(client: last, server: last)
    }
  }

  /// The processors this process may use.
  static func processors() throws(Errno) -> [Int32] {
    var all = [Int32](repeating: 0, count: 1024)
    let count = benchmark_processors(&all, Int32(all.count))
    try check(count)
    return Array(all.prefix(Int(count)))
  }
}

/// The only processor that each process of a trial may use; nil: any.
struct Placement {
  var client: Int32?
  var server: Int32?

  static let anywhere = Placement()
}

/// A busy process on every processor.
struct BusyProcesses {
  private let processes: [Int32]

  init(on processors: [Int32]) throws(Errno) {
    var processes: [Int32] = []
    for processor in processors {
      let process = benchmark_process_busy(processor)
      if process < 0 {
        for process in processes { benchmark_process_end(process) }
        throw Errno(rawValue: -process)
      }
      processes.append(process)
    }
    self.processes = processes
  }

  func end() {
    for process in processes { benchmark_process_end(process) }
  }
}
