import CBenchmark

/// What one run, or the median of several, came to.
struct Figures {
  /// Latency of a call in microseconds.
  var p50: Double
  /// Latency of a call in microseconds.
  var p99: Double
  /// Calls in a second.
  var rate: Double
  /// User and system time of both processes in microseconds a call.
  var cpu: Double

  init(_ sample: benchmark_sample) {
    let calls = Double(sample.calls)
    p50 = Double(sample.median) / 1e3
    p99 = Double(sample.p99) / 1e3
    rate = calls / (Double(sample.elapsed) / 1e9)
    cpu = Double(sample.cpu) / 1e3 / calls
  }

  /// Each figure is the median of that figure.
  init(medianOf all: [Figures]) {
    p50 = median(all.map(\.p50))
    p99 = median(all.map(\.p99))
    rate = median(all.map(\.rate))
    cpu = median(all.map(\.cpu))
  }

  init(meanOf first: Figures, _ second: Figures) {
    p50 = (first.p50 + second.p50) / 2
    p99 = (first.p99 + second.p99) / 2
    rate = (first.rate + second.rate) / 2
    cpu = (first.cpu + second.cpu) / 2
  }

  /// Each figure as a ratio to that of `base`.
  func divided(by base: Figures) -> Figures {
    var ratios = self
    ratios.p50 /= base.p50
    ratios.p99 /= base.p99
    ratios.rate /= base.rate
    ratios.cpu /= base.cpu
    return ratios
  }
}

/// The middle value; of an even number of values, the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  guard sorted.count.isMultiple(of: 2), middle > 0 else {
    return sorted.isEmpty ? .nan : sorted[middle]
  }
  return (sorted[middle - 1] + sorted[middle]) / 2
}
