/// What a contender came to on one workload, as it is printed.
struct Report {
  var result: Contest.Result
  var conditions: Conditions
  /// The same contender in the same rounds without what is in question: its observers, or polling.
  var base: Contest.Result?

  /// One JSON object. Ratios are to raw C in the same rounds, or as their name says.
  var json: String {
    let figures = result.figures
    let ratios = result.ratios
    var members = [
      ("workload", "\"\(result.workload.rawValue)\""),
      ("client", "\"\(result.contender.client)\""),
      ("spin", "\(result.contender.spins)"),
      ("observed", "\(result.contender.isObserved)"),
      ("conditions", "\"\(conditions.rawValue)\""),
      ("rounds", "\(result.rounds.count)"),
      ("p50_us", decimal(figures.p50)),
      ("p99_us", decimal(figures.p99)),
      ("calls_per_s", decimal(figures.rate, 0)),
      ("cpu_us_per_call", decimal(figures.cpu)),
      ("p50_ratio_to_c", decimal(ratios.p50)),
      ("rate_ratio_to_c", decimal(ratios.rate)),
      ("cpu_ratio_to_c", decimal(ratios.cpu)),
      ("c_p50_us", decimal(result.raw.p50)),
      ("c_cpu_us_per_call", decimal(result.raw.cpu)),
    ]
    if let ratios = ratiosToBase {
      let base = result.contender.isObserved ? "unobserved" : "no_spin"
      members.append(("p50_ratio_to_\(base)", decimal(ratios.p50)))
      members.append(("rate_ratio_to_\(base)", decimal(ratios.rate)))
    }
    return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  private var ratiosToBase: Figures? { base.map { result.ratios(to: $0) } }

  static func headings(observed: Bool) -> [String] {
    let base = observed ? "unobserved" : "no spin"
    return [
      "workload", "client", "spin", "observed", "p50 µs", "p99 µs", "calls/s", "CPU µs", "p50/C",
      "rate/C", "CPU/C", "p50/\(base)", "rate/\(base)",
    ]
  }

  /// A row of a table under ``headings(observed:)``.
  var cells: [String] {
    let ratios = result.ratios
    var cells = Self.cells(result.workload, result.contender, result.figures)
    cells += [ratios.p50, ratios.rate, ratios.cpu].map { decimal($0, 2) }
    if let ratios = ratiosToBase {
      cells += [decimal(ratios.p50, 2), decimal(ratios.rate, 2)]
    }
    return cells
  }

  /// The row of raw C in the same rounds.
  var rawCells: [String] {
    Self.cells(result.workload, .raw(result.workload.rawWays[0]), result.raw)
  }

  private static func cells(
    _ workload: Workload, _ contender: Contender, _ figures: Figures
  ) -> [String] {
    [
      workload.rawValue, contender.client, contender.spins ? "yes" : "no",
      contender.isObserved ? "yes" : "no",
      decimal(figures.p50, 1), decimal(figures.p99, 1), decimal(figures.rate, 0),
      decimal(figures.cpu, 1),
    ]
  }
}
