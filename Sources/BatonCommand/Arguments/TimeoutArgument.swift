import ArgumentParser
import BatonMessages

/// A time span as it is typed: `500ms`, `2s`, `1.5m`; a bare number counts seconds.
package enum TimeoutArgument {
  private static let units: [(suffix: String, seconds: Double)] = [
    ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
  ]

  package static func parse(_ text: String) throws -> Duration {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let suffix = text.dropFirst(number.count)
    let unit = suffix.isEmpty ? 1 : units.first { $0.suffix == suffix }?.seconds
    if let count = Double(number), let unit, count * unit >= 1e9 {
      throw ValidationError("expected a time of less than a billion seconds, got \(text.quoted)")
    }
    guard let count = Double(number), let unit, count * unit > 0 else {
      throw ValidationError(
        "expected a time above zero such as 500ms, 2s or 1m, got \(text.quoted)")
    }
    return .seconds(count * unit)
  }
}
