/// A JSON value to be printed.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// Its digits, exactly as they are printed.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// Members in the order they are printed in. Names must differ.
  case object([Member])

  /// A name and its value in an object.
  public struct Member: Sendable, Hashable {
    public var name: String
    public var value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }
}

extension JSONValue {
  /// A number without fraction.
  public static func number(_ value: some FixedWidthInteger) -> JSONValue { .number("\(value)") }

  /// The shortest digits that read back as the same number; nil for NaN and the infinities, which
  /// JSON has not. Minus zero keeps its point: readers that take `-0` for an integer lose the sign.
  static func number(finite value: some BinaryFloatingPoint & LosslessStringConvertible)
    -> JSONValue?
  {
    guard value.isFinite else { return nil }
    let text = value.description
    return .number(text.hasSuffix(".0") && text != "-0.0" ? String(text.dropLast(2)) : text)
  }

  /// The value as JSON text (RFC 8259), on one line or, when `pretty`, with a line for each element
  /// and two spaces for each level.
  public func text(pretty: Bool = false) -> String {
    var printer = JSONPrinter(pretty: pretty)
    printer.print(self)
    return printer.text
  }
}
