/// The payload where the value is of that case, else nil.
extension DynamicValue {
  public var doubleValue: Double? { if case .double(let value) = self { value } else { nil } }
  public var floatValue: Float? { if case .float(let value) = self { value } else { nil } }
  public var int32Value: Int32? { if case .int32(let value) = self { value } else { nil } }
  public var int64Value: Int64? { if case .int64(let value) = self { value } else { nil } }
  public var uint32Value: UInt32? { if case .uint32(let value) = self { value } else { nil } }
  public var uint64Value: UInt64? { if case .uint64(let value) = self { value } else { nil } }
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  public var bytesValue: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
  public var enumerationValue: Int32? {
    if case .enumeration(let value) = self { value } else { nil }
  }
  public var messageValue: DynamicMessage? {
    if case .message(let value) = self { value } else { nil }
  }
  public var descriptorValue: Descriptor? {
    if case .descriptor(let value) = self { value } else { nil }
  }
  public var listValue: [DynamicValue]? { if case .list(let value) = self { value } else { nil } }
  public var mapValue: [DynamicMapKey: DynamicValue]? {
    if case .map(let value) = self { value } else { nil }
  }
}
