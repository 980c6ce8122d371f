import CBenchmark
import Glibc

/// What is run and printed, one function for each kind of question.
extension BatonBenchmarks {
  func printContests() throws {
    let processors = try Conditions.processors()
    let busy = try BusyProcesses(on: contended ? processors : [])
    defer { busy.end() }
    var table = Table(Report.headings(observed: observed))
    for workload in workloads where workload.isContest {
      let contest = Contest(
        workload: workload, contenders: contenders(for: workload), rounds: rounds, seconds: seconds,
        placement: conditions.placement(on: processors))
      let reports = reports(on: try contest.run())
      if let first = reports.first { table.add(first.rawCells) }
      for report in reports {
        table.add(report.cells)
        if json { show(report.json) }
      }
    }
    if !json && workloads.contains(where: \.isContest) { show(table.text) }
    if workloads.contains(.unary200BBesideUploads) { try printBesideUploads() }
    if workloads.contains(.idleConnections) { try printIdleConnections() }
  }

  private func reports(on results: [Contest.Result]) -> [Report] {
    results.map { result in
      var report = Report(result: result, conditions: conditions)
      switch result.contender {
      case .baton(let style, let spin, observed: true):
        report.base = results.first { $0.contender == .baton(style, spin: spin) }
      case .baton(let style, spin: true, observed: false):
        report.base = results.first { $0.contender == .baton(style, spin: false) }
      default: break
      }
      return report
    }
  }

  func printAllocations() throws {
    var table = Table([
      "allocations of a call", "client", "observed", "in the client", "in the server",
    ])
    for workload in workloads where workload != .idleConnections {
      for contender in contenders(for: workload) {
        var trial = try trial(workload, contender)
        trial.countsAllocations = true
        let sample = try trial.run()
        let client = decimal(Double(sample.client_allocations) / Double(sample.calls), 2)
        let server = decimal(Double(sample.server_allocations) / Double(sample.calls), 2)
        let observed = contender.isObserved ? "yes" : "no"
        table.add([workload.rawValue, contender.client, observed, client, server])
        if json {
          show(
            """
            {"workload":"\(workload.rawValue)","client":"\(contender.client)",\
            "spin":\(contender.spins),"observed":\(contender.isObserved),"client_allocations_per_call":\(client),\
            "server_allocations_per_call":\(server)}
            """)
        }
      }
    }
    if !json { show(table.text) }
  }

  func printIdleness() throws {
    var table = Table(["processor time while idle", "spin", "client µs", "server µs", "of seconds"])
    for contender in contenders(for: .unary64B) {
      let idleness = try trial(.unary64B, contender).watch()
      let client = decimal(Double(idleness.client_cpu) / 1e3, 1)
      let server = decimal(Double(idleness.server_cpu) / 1e3, 1)
      let seconds = decimal(Double(idleness.elapsed) / 1e9)
      table.add([contender.client, contender.spins ? "yes" : "no", client, server, seconds])
      if json {
        show(
          """
          {"client":"\(contender.client)","spin":\(contender.spins),"idle_client_cpu_us":\(client),\
          "idle_server_cpu_us":\(server),"idle_seconds":\(seconds)}
          """)
      }
    }
    if !json { show(table.text) }
  }

  func printPeersLine(named name: String) throws {
    for workload in workloads where workload != .idleConnections {
      guard let contender = contenders(for: workload).first else { continue }
      let sample = try trial(workload, contender).run()
      let figures = Figures(sample)
      show(
        """
        RESULT \(name) \(workload.rawValue) n=\(sample.calls) cps=\(decimal(figures.rate, 1)) \
        p50=\(decimal(figures.p50)) p99=\(decimal(figures.p99)) \
        min=\(decimal(Double(sample.minimum) / 1e3)) cpu=\(decimal(figures.cpu)) \
        mbs=\(decimal(figures.rate * Double(workload.size) / 1e6, 1))
        """)
    }
  }

  /// Prints at once, also into a pipe.
  func show(_ text: String) {
    print(text)
    fflush(nil)
  }
}
