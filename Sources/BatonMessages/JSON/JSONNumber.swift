/// Reads numbers from their digits, without a detour that would round them.
enum JSONNumber {
  /// Where the number that begins at `start` ends; nil when none does (RFC 8259, section 6).
  static func end(in bytes: [UInt8], from start: Int) -> Int? {
    var position = start
    func digits() -> Bool {
      let first = position
      while position < bytes.count, 0x30...0x39 ~= bytes[position] { position += 1 }
      return position > first
    }
    func take(_ options: String) -> Bool {
      guard position < bytes.count, options.utf8.contains(bytes[position]) else { return false }
      position += 1
      return true
    }
    _ = take("-")
    if take("0") {
      if position < bytes.count, 0x30...0x39 ~= bytes[position] { return nil }
    } else if !digits() {
      return nil
    }
    if take("."), !digits() { return nil }
    if take("eE") {
      _ = take("+-")
      if !digits() { return nil }
    }
    return position
  }

  /// Whether all of `text` is one number.
  static func isNumber(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return end(in: bytes, from: 0) == bytes.count
  }

  enum Integer<Value> {
    case value(Value)
    case fraction
    case outOfRange
  }

  /// The integer that a number is: `100`, `1e2` and `100.0` are the same.
  static func integer<Value: FixedWidthInteger>(
    _ text: String, as type: Value.Type = Value.self
  ) -> Integer<Value> {
    let decimal = Decimal(text)
    if decimal.digits.isEmpty { return .value(0) }
    if decimal.exponent < 0 { return .fraction }
    if decimal.digits.count + decimal.exponent > 20 { return .outOfRange }
    var magnitude: UInt64 = 0
    for digit in decimal.digits + Array(repeating: 0, count: decimal.exponent) {
      let (tens, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return .outOfRange }
      magnitude = sum
    }
    if !decimal.isNegative {
      return Value(exactly: magnitude).map { .value($0) } ?? .outOfRange
    }
    let fits = magnitude <= UInt64(Value.min.magnitude)
    return fits ? .value(Value(truncatingIfNeeded: 0 &- magnitude)) : .outOfRange
  }

  /// Digits without zeros at either end, times a power of ten.
  private struct Decimal {
    var isNegative = false
    var digits: [UInt8] = []
    var exponent = 0

    init(_ text: String) {
      var fraction = false
      var inExponent = false
      var sign = 1
      var written = 0
      for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "-"): if inExponent { sign = -1 } else { isNegative = true }
        case UInt8(ascii: "."): fraction = true
        case UInt8(ascii: "e"), UInt8(ascii: "E"): inExponent = true
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          let digit = byte - UInt8(ascii: "0")
          if inExponent {
            // A text that could make up for more would not fit into memory.
            written = min(written * 10 + Int(digit), 1 << 50)
          } else {
            if fraction { exponent -= 1 }
            if digit > 0 || !digits.isEmpty { digits.append(digit) }
          }
        default: continue
        }
      }
      exponent += sign * written
      while digits.last == 0 {
        digits.removeLast()
        exponent += 1
      }
    }
  }
}
