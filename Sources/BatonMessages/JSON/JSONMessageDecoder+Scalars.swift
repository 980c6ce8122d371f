extension JSONMessageDecoder {
  func scalar(_ node: JSONNode, _ type: FieldRecord.Value) throws(CodecError) -> DynamicValue {
    switch type {
    case .double: return .double(try floating(node))
    case .float: return .float(try floating(node))
    case .int32, .sint32, .sfixed32: return .int32(try integer(node))
    case .int64, .sint64, .sfixed64: return .int64(try integer(node))
    case .uint32, .fixed32: return .uint32(try integer(node))
    case .uint64, .fixed64: return .uint64(try integer(node))
    case .bool:
      guard case .bool(let value) = node.value else {
        throw error(node, "expected true or false, got \(node.kind)")
      }
      return .bool(value)
    case .bytes:
      guard let bytes = Base64.decode(try string(node, "base64")) else {
        throw error(node, "expected base64, got \(node.kind)")
      }
      return .bytes(bytes)
    default: return .string(try string(node, "a string"))
    }
  }

  func string(_ node: JSONNode, _ what: String) throws(CodecError) -> String {
    guard case .string(let text) = node.value else {
      throw error(node, "expected \(what), got \(node.kind)")
    }
    return text
  }

  /// From a number, or from a string that is one.
  func integer<Value: FixedWidthInteger>(_ node: JSONNode) throws(CodecError) -> Value {
    let text: String? =
      switch node.value {
      case .number(let digits): digits
      case .string(let text): JSONNumber.isNumber(text) ? text : nil
      default: nil
      }
    if let text, case .value(let value) = JSONNumber.integer(text, as: Value.self) { return value }
    throw error(node, "expected an integer from \(Value.min) to \(Value.max), got \(node.kind)")
  }

  /// From a number, a string that is one, or the names of what JSON has no numbers for.
  func floating<Value: BinaryFloatingPoint & LosslessStringConvertible>(
    _ node: JSONNode
  ) throws(CodecError) -> Value {
    let text: String
    switch node.value {
    case .number(let digits): text = digits
    case .string(let text) where text.isExactly("NaN"): return .nan
    case .string(let text) where text.isExactly("Infinity"): return .infinity
    case .string(let text) where text.isExactly("-Infinity"): return -.infinity
    case .string(let quoted) where JSONNumber.isNumber(quoted): text = quoted
    default:
      throw error(
        node, "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\", got \(node.kind)")
    }
    guard let value = Value(text), value.isFinite else {
      throw error(
        node, "expected a number of at most \(Value.greatestFiniteMagnitude), got \(node.kind)")
    }
    return value
  }

  /// Nil for an unknown name that is to be ignored.
  func enumeration(_ node: JSONNode, _ type: EnumRecord) throws(CodecError) -> Int32? {
    switch node.value {
    case .null where type.name == WellKnownType.nullValue: return 0
    case .string(let name):
      if let number = type.numbers[ExactString(name)] { return number }
      if options.ignoreUnknownFields { return nil }
      let names = SchemaPool.list(type.proto.value.compactMap(\.name))
      throw error(node, "\(type.name) has no value \(node.kind); it has \(names)")
    case .number: return try integer(node) as Int32
    default: throw error(node, "expected a value's name or number, got \(node.kind)")
    }
  }
}
