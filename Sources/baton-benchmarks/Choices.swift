/// What the options ask for.
extension BatonBenchmarks {
  var workloads: [Workload] { workload.isEmpty ? Workload.allCases : workload }

  var conditions: Conditions {
    contended ? .contended : oneCore ? .oneCore : unpinned ? .unpinned : .apart
  }

  /// With each way to call; where polling may do harm, without it first, and without observers
  /// before those with them.
  func contenders(for workload: Workload) -> [Contender] {
    let chosen: [Contender.Style] =
      switch client {
      case .async: [.async]
      case .sync: [.sync]
      case .both: [.async, .sync]
      }
    let styles = chosen.filter { $0 == .async || workload.isForBlockingClients }
    return styles.flatMap { style -> [Contender] in
      switch conditions {
      case .apart, .unpinned:
        [false, true].filter { observed || !$0 }.map { .baton(style, spin: spin, observed: $0) }
      case .contended, .oneCore: [.baton(style, spin: false), .baton(style, spin: true)]
      }
    }
  }

  func trial(_ workload: Workload, _ contender: Contender) throws -> Trial {
    let placement = conditions.placement(on: try Conditions.processors())
    return Trial(
      workload: workload, contender: contender, seconds: seconds, placement: placement)
  }
}
