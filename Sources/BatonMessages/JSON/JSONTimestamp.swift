/// `google.protobuf.Timestamp` in JSON: RFC 3339, years 1 to 9999.
enum JSONTimestamp {
  static let expected = "a time such as \"2025-01-31T12:00:00.5Z\" in the years 1 to 9999"
  private static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  static func parse(_ text: String) -> (seconds: Int64, nanos: Int32)? {
    var scanner = JSONTimeScanner(text)
    guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2),
      scanner.take("-"), let day = scanner.digits(2), scanner.take("T"),
      let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2),
      scanner.take(":"), let second = scanner.digits(2), let nanos = scanner.fraction(),
      let offset = offset(&scanner), scanner.isAtEnd, year >= 1, 1...12 ~= month,
      1...days(in: month, of: year) ~= day, hour < 24, minute < 60, second < 60
    else { return nil }
    let days = days(before: year, month) + day - 1
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    return range.contains(seconds) ? (seconds, Int32(nanos)) : nil
  }

  /// Seconds east of Greenwich.
  private static func offset(_ scanner: inout JSONTimeScanner) -> Int64? {
    if scanner.take("Z") { return 0 }
    let isWest = scanner.take("-")
    guard isWest || scanner.take("+"), let hours = scanner.digits(2), scanner.take(":"),
      let minutes = scanner.digits(2), hours < 24, minutes < 60
    else { return nil }
    return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  /// Nil when the time is out of range.
  static func format(seconds: Int64, nanos: Int32) -> String? {
    guard range.contains(seconds), 0..<1_000_000_000 ~= nanos else { return nil }
    let sinceYearOne = seconds - range.lowerBound
    var left = sinceYearOne / 86_400
    let time = sinceYearOne % 86_400
    // 400 years have 146,097 days; the estimate is at most one year short.
    var year = left * 400 / 146_097 + 1
    let first = days(before: 1, 1)
    while days(before: year + 1, 1) - first <= left { year += 1 }
    while days(before: year, 1) - first > left { year -= 1 }
    left -= days(before: year, 1) - first
    var month: Int64 = 1
    while left >= days(in: month, of: year) {
      left -= days(in: month, of: year)
      month += 1
    }
    let date = "\(pad(year, 4))-\(pad(month, 2))-\(pad(left + 1, 2))"
    let clock = "\(pad(time / 3600, 2)):\(pad(time / 60 % 60, 2)):\(pad(time % 60, 2))"
    return "\(date)T\(clock)\(JSONTimeScanner.format(nanos: nanos))Z"
  }

  /// From 1970-01-01 to the first day of the month.
  private static func days(before year: Int64, _ month: Int64) -> Int64 {
    let years = year - 1
    let days = years * 365 + years / 4 - years / 100 + years / 400 - 719_162
    return (1..<month).reduce(days) { $0 + self.days(in: $1, of: year) }
  }
  private static func days(in month: Int64, of year: Int64) -> Int64 {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    if month == 2 { return isLeap ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }
  private static func pad(_ number: Int64, _ width: Int) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
