/// What a connection is like beside others, or beside what else goes over it.
extension BatonBenchmarks {
  /// Short calls beside large messages, as ratios to the same calls by themselves.
  func printBesideUploads() throws {
    var table = Table(["workload", "client", "spin", "p50 µs", "p99 µs", "by itself", "ratio"])
    for contender in contenders(for: .unary200BBesideUploads) {
      var (alone, beside): ([Figures], [Figures]) = ([], [])
      for _ in 0..<rounds {
        alone.append(Figures(try trial(.unary200B, contender).run()))
        beside.append(Figures(try trial(.unary200BBesideUploads, contender).run()))
      }
      let figures = Figures(medianOf: beside)
      let base = Figures(medianOf: alone)
      let ratio = Figures(medianOf: zip(beside, alone).map { $0.divided(by: $1) }).p50
      let name = Workload.unary200BBesideUploads.rawValue
      table.add([
        name, contender.client, contender.spins ? "yes" : "no", decimal(figures.p50, 1),
        decimal(figures.p99, 1), decimal(base.p50, 1), decimal(ratio, 2),
      ])
      if json {
        show(
          """
          {"workload":"\(name)","client":"\(contender.client)","spin":\(contender.spins),\
          "rounds":\(rounds),"p50_us":\(decimal(figures.p50)),"p99_us":\(decimal(figures.p99)),\
          "p50_alone_us":\(decimal(base.p50)),"p50_ratio_to_alone":\(decimal(ratio))}
          """)
      }
    }
    if !json { show(table.text) }
  }

  /// What connections over which nothing happens cost both ends.
  func printIdleConnections() throws {
    let crowd = try Crowd.measure(connections: 10_000)
    let server = decimal(Double(crowd.serverMemory) / 1024 / Double(crowd.connections), 2)
    let client = decimal(Double(crowd.clientMemory) / 1024 / Double(crowd.connections), 2)
    let cpu = decimal(Double(crowd.serverTime) / 1e3, 1)
    if json {
      show(
        """
        {"workload":"idle-connections","connections":\(crowd.connections),\
        "server_kib_per_connection":\(server),"client_kib_per_connection":\(client),\
        "server_cpu_us_per_s":\(cpu)}
        """)
    } else {
      var table = Table([
        "workload", "connections", "server KiB each", "client KiB each", "CPU µs/s",
      ])
      table.add(["idle-connections", "\(crowd.connections)", server, client, cpu])
      show(table.text)
    }
  }
}
