/// Dynamic messages to JSON values.
struct JSONMessageEncoder {
  /// Levels of messages, those inside `google.protobuf.Any` included, of which a peer can send more
  /// than the codec's own limit lets through.
  static let deepest = 256

  let options: JSONEncodingOptions
  /// Of the value that is being written.
  private var path = FieldPath()
  private var depth = 0
  var budget: AnyBudget

  init(options: JSONEncodingOptions) {
    self.options = options
    budget = AnyBudget(options.anyLimits)
  }

  mutating func message(_ message: DynamicMessage) throws(CodecError) -> JSONValue {
    if depth == Self.deepest { throw error("expected at most \(Self.deepest) levels of messages") }
    depth += 1
    defer { depth -= 1 }
    if let wellKnown = message.type.record.wellKnown {
      return try self.wellKnown(wellKnown, message)
    }
    return .object(try members(message))
  }

  mutating func members(_ message: DynamicMessage) throws(CodecError) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    for (index, field) in message.type.record.fields.enumerated() {
      guard let value = value(of: message, index, field) else { continue }
      let name = options.originalNames ? field.name : field.jsonName
      let json = try inside(.field(field.name)) { (encoder) throws(CodecError) in
        try encoder.field(value, field, message.type)
      }
      members.append(JSONValue.Member(name, json))
    }
    return members
  }

  private func value(
    of message: DynamicMessage, _ index: Int, _ field: FieldRecord
  ) -> DynamicValue? {
    if let value = message.values[index] { return value }
    guard options.includeDefaults else { return nil }
    return message[MessageType.Field(message: message.type, index: index)]
  }

  private mutating func field(
    _ value: DynamicValue, _ field: FieldRecord, _ type: MessageType
  ) throws(CodecError) -> JSONValue {
    switch value {
    case .list(let elements):
      var values: [JSONValue] = []
      for (index, element) in elements.enumerated() {
        values.append(
          try inside(FieldPath.Step(index)) { (encoder) throws(CodecError) in
            try encoder.value(element, field.value, type.pool)
          })
      }
      return .array(values)
    case .map(let elements):
      guard let entry = type.entry(of: field) else { return .object([]) }
      var members: [JSONValue.Member] = []
      for (key, element) in elements.sorted(by: { $0.key < $1.key }) {
        let value = try inside(FieldPath.Step(key)) { (encoder) throws(CodecError) in
          try encoder.value(element, entry.value.value, type.pool)
        }
        members.append(JSONValue.Member(key.description, value))
      }
      return .object(members)
    default: return try self.value(value, field.value, type.pool)
    }
  }

  private mutating func value(
    _ value: DynamicValue, _ type: FieldRecord.Value, _ pool: SchemaPool
  ) throws(CodecError) -> JSONValue {
    switch value {
    case .double(let value): return number(value)
    case .float(let value): return number(value)
    case .int32(let value): return .number(value)
    case .uint32(let value): return .number(value)
    case .int64(let value): return .string("\(value)")
    case .uint64(let value): return .string("\(value)")
    case .bool(let value): return .bool(value)
    case .string(let value): return .string(value)
    case .bytes(let value): return .string(Base64.encode(value))
    case .enumeration(let number):
      guard case .enumeration(let index) = type else { return .number(number) }
      if number == 0, pool.enums[index].name == WellKnownType.nullValue { return .null }
      return pool.enums[index].names[number].map { .string($0) } ?? .number(number)
    case .message(let value): return try message(value)
    case .descriptor(let value): return try descriptor(value, type)
    case .list, .map: return .null
    }
  }

  /// Scalars, which need no type.
  mutating func scalar(_ value: DynamicValue, _ pool: SchemaPool) throws(CodecError) -> JSONValue {
    try self.value(value, .bytes, pool)
  }

  private func number(
    _ value: some BinaryFloatingPoint & LosslessStringConvertible
  ) -> JSONValue {
    if let number = JSONValue.number(finite: value) { return number }
    return .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
  }

  private func descriptor(
    _ descriptor: Descriptor, _ type: FieldRecord.Value
  ) throws(CodecError) -> JSONValue {
    guard let show = options.descriptor, case .descriptor(let contract) = type else {
      throw error("the field is a descriptor, which JSON alone cannot carry")
    }
    do {
      return try show(descriptor, path.description, contract)
    } catch let failure as CodecError {
      throw failure
    } catch let failure {
      throw CodecError(.descriptor, "\(failure)", path: path.description)
    }
  }

  // MARK: Places

  private mutating func inside<Result>(
    _ step: FieldPath.Step,
    _ body: (inout JSONMessageEncoder) throws(CodecError) -> Result
  ) throws(CodecError) -> Result {
    path.append(step)
    defer { path.removeLast() }
    return try body(&self)
  }

  func error(_ message: String, _ kind: CodecError.Kind = .json) -> CodecError {
    CodecError(kind, message, path: path.description)
  }
}
