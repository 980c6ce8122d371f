import CBenchmark
import SystemPackage

/// What else the machine has to do during a contest.
enum Conditions: String {
  /// Nothing.
  case free
  /// Another program keeps every processor busy.
  case contended
  /// Both processes may use one processor only, the same one.
  case oneCore = "one-core"

  /// The processors this process may use.
  static func processors() throws(Errno) -> [Int32] {
    var all = [Int32](repeating: 0, count: 1024)
    let count = benchmark_processors(&all, Int32(all.count))
    try check(count)
    return Array(all.prefix(Int(count)))
  }
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
