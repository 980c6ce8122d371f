/// `google.protobuf.Duration` in JSON: decimal seconds and an `s`.
enum JSONDuration {
  static let expected = "a duration such as \"1.5s\" of at most 315576000000 seconds"
  private static let most: Int64 = 315_576_000_000

  static func parse(_ text: String) -> (seconds: Int64, nanos: Int32)? {
    var scanner = JSONTimeScanner(text)
    let sign: Int64 = scanner.take("-") ? -1 : 1
    guard let seconds = scanner.number(most: 12), let nanos = scanner.fraction(),
      scanner.take("s"), scanner.isAtEnd, seconds <= most
    else { return nil }
    return (sign * seconds, Int32(sign * nanos))
  }

  /// Nil when the duration is out of range, or its parts differ in sign.
  static func format(seconds: Int64, nanos: Int32) -> String? {
    guard -most...most ~= seconds, -999_999_999...999_999_999 ~= nanos,
      seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
    else { return nil }
    let sign = seconds < 0 || nanos < 0 ? "-" : ""
    return "\(sign)\(abs(seconds))\(JSONTimeScanner.format(nanos: abs(nanos)))s"
  }
}
