import CBenchmark

/// Several contenders on one workload, each run between two runs of raw C, over several rounds. Where
/// raw C has several ways to do it, the fastest of the round counts.
///
/// A machine's speed drifts, by half within a minute on a virtual one. So a ratio is always to the
/// runs of raw C just before and after, and every second round goes backwards.
struct Contest {
  var workload: Workload
  var contenders: [Contender]
  var rounds: Int
  var seconds: Double
  var placement: Placement

  /// What one contender came to, over the rounds.
  struct Result {
    var workload: Workload
    var contender: Contender
    var rounds: [Round]

    struct Round {
      var figures: Figures
      /// The mean of the raw C before and after it.
      var raw: Figures
    }

    var figures: Figures { Figures(medianOf: rounds.map(\.figures)) }
    var raw: Figures { Figures(medianOf: rounds.map(\.raw)) }
    /// The medians of the ratios of each round.
    var ratios: Figures { Figures(medianOf: rounds.map { $0.figures.divided(by: $0.raw) }) }

    /// The medians of the ratios to another contender in the same round.
    func ratios(to other: Result) -> Figures {
      Figures(medianOf: zip(rounds, other.rounds).map { $0.figures.divided(by: $1.figures) })
    }
  }

  func run() throws -> [Result] {
    var rounds: [Contender: [Result.Round]] = [:]
    for round in 0..<self.rounds {
      var before = try raw()
      for contender in round.isMultiple(of: 2) ? contenders : contenders.reversed() {
        let figures = try figures(of: contender)
        let after = try raw()
        let raw = Figures(meanOf: before, after)
        rounds[contender, default: []].append(Result.Round(figures: figures, raw: raw))
        before = after
      }
    }
    return contenders.map {
      Result(workload: workload, contender: $0, rounds: rounds[$0, default: []])
    }
  }

  private func raw() throws -> Figures {
    let all = try workload.rawWays.map { try figures(of: .raw($0)) }
    return all.max { $0.rate < $1.rate } ?? all[0]
  }

  private func figures(of contender: Contender) throws -> Figures {
    let trial = Trial(
      workload: workload, contender: contender, seconds: seconds, placement: placement)
    return Figures(try trial.run())
  }
}
