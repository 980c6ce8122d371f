/// Reads the texts of times and durations from the left.
struct JSONTimeScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) {
    rest = text[...].utf8
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  /// A number of exactly `count` digits.
  mutating func digits(_ count: Int) -> Int64? {
    let digits = rest.prefix { 0x30...0x39 ~= $0 }.prefix(count)
    if digits.count < count { return nil }
    rest = rest.dropFirst(count)
    return Int64(Substring(digits))
  }

  /// A number of one to `most` digits.
  mutating func number(most: Int) -> Int64? {
    let count = rest.prefix { 0x30...0x39 ~= $0 }.count
    return 1...most ~= count ? digits(count) : nil
  }

  /// A point and one to nine digits, in billionths; zero when there is no point.
  mutating func fraction() -> Int64? {
    if !take(".") { return 0 }
    let count = rest.prefix { 0x30...0x39 ~= $0 }.count
    guard let value = number(most: 9) else { return nil }
    return (count..<9).reduce(value) { value, _ in value * 10 }
  }

  /// A point and three, six or nine digits, or nothing. `nanos` is from 0 to 999,999,999.
  static func format(nanos: Int32) -> String {
    if nanos == 0 { return "" }
    let digits = "\(1_000_000_000 + Int64(nanos))".dropFirst()
    if nanos % 1_000_000 == 0 { return ".\(digits.prefix(3))" }
    if nanos % 1000 == 0 { return ".\(digits.prefix(6))" }
    return ".\(digits)"
  }
}
