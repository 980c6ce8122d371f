import ArgumentParser
import CBenchmark
import SystemPackage

/// What both processes of a trial are told on their command line. No name is one of the main
/// command's, which would take it for its own.
struct TrialRole: ParsableArguments {
  @Argument var workload: Workload
  @Argument var contender: Contender
  @Flag var counting = false

  /// Counts this process's allocations as those of `end`, where the trial wants them counted.
  func countAllocations(of end: benchmark_end) throws {
    if counting { try check(benchmark_counters_use(Inherited.counters, end)) }
  }
}

/// Throws what a C function returned as a negative errno.
func check(_ result: Int32) throws(Errno) {
  if result < 0 { throw Errno(rawValue: -result) }
}
