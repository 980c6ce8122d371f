extension ProtoValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// JSON's null.
  public init(nilLiteral: ()) {
    self.init(kind: .nullValue(.nullValue))
  }

  public init(booleanLiteral value: Bool) {
    self.init(kind: .boolValue(value))
  }

  /// A number of JSON is a double: above 2^53 not every integer survives.
  public init(integerLiteral value: Int) {
    self.init(kind: .numberValue(Double(value)))
  }

  public init(floatLiteral value: Double) {
    self.init(kind: .numberValue(value))
  }

  public init(stringLiteral value: String) {
    self.init(kind: .stringValue(value))
  }

  public init(arrayLiteral elements: ProtoValue...) {
    self.init(kind: .listValue(ProtoListValue(values: elements)))
  }

  /// Of a key that stands twice the last value counts.
  public init(dictionaryLiteral elements: (String, ProtoValue)...) {
    self.init(
      kind: .structValue(ProtoStruct(fields: Dictionary(elements) { $1 })))
  }
}
