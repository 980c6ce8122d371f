// The JSON forms of protobuf's own messages. Their fields' types are as expected:
// WellKnownType.fits(_:in:).

extension JSONMessageEncoder {
  mutating func wellKnown(
    _ wellKnown: WellKnownType, _ message: DynamicMessage
  ) throws(CodecError) -> JSONValue {
    let first = message.value(number: 1)
    switch wellKnown {
    case .any: return try any(message)
    case .timestamp, .duration:
      let seconds = first?.int64Value ?? 0
      let nanos = message.value(number: 2)?.int32Value ?? 0
      let text =
        wellKnown == .timestamp
        ? JSONTimestamp.format(seconds: seconds, nanos: nanos)
        : JSONDuration.format(seconds: seconds, nanos: nanos)
      if let text { return .string(text) }
      let expected = wellKnown == .timestamp ? JSONTimestamp.expected : JSONDuration.expected
      throw error("expected \(expected), got \(seconds) seconds and \(nanos) nanoseconds")
    case .fieldMask:
      let paths = first?.listValue?.compactMap(\.stringValue) ?? []
      if let text = JSONFieldMask.format(paths) { return .string(text) }
      throw error(
        "expected field paths in lower_snake_case, got \(SchemaPool.list(paths.map(\.quoted)))")
    case .wrapper: return try scalar(first ?? .bool(false), message.type.pool)
    case .structure: return try structure(first?.mapValue ?? [:])
    case .listValue: return try list(first?.listValue ?? [])
    case .value: return try anything(message)
    }
  }

  private mutating func structure(
    _ values: [DynamicMapKey: DynamicValue]
  ) throws(CodecError) -> JSONValue {
    var members: [JSONValue.Member] = []
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let value = value.messageValue else { continue }
      members.append(JSONValue.Member(key.description, try message(value)))
    }
    return .object(members)
  }

  private mutating func list(_ values: [DynamicValue]) throws(CodecError) -> JSONValue {
    var elements: [JSONValue] = []
    for value in values.compactMap(\.messageValue) { elements.append(try message(value)) }
    return .array(elements)
  }

  /// `google.protobuf.Value`.
  private mutating func anything(_ message: DynamicMessage) throws(CodecError) -> JSONValue {
    switch message.fields.first?.value {
    case .enumeration?: return .null
    case .double(let value)?:
      if let number = JSONValue.number(finite: value) { return number }
      throw error("expected a finite number in google.protobuf.Value, got \(value)")
    case .string(let value)?: return .string(value)
    case .bool(let value)?: return .bool(value)
    case .message(let value)?: return try self.message(value)
    default: throw error("expected a google.protobuf.Value that holds something")
    }
  }

  private mutating func any(_ message: DynamicMessage) throws(CodecError) -> JSONValue {
    let url = message.value(number: 1)?.stringValue ?? ""
    let bytes = message.value(number: 2)?.bytesValue ?? []
    if url.isEmpty && bytes.isEmpty { return .object([]) }
    guard let type = message.type.pool.message(typeURL: url) else {
      throw error("expected a URL that ends in a slash and a known type, got \(url.quoted)")
    }
    let content: DynamicMessage
    do throws(CodecError) {
      content = try budget.read(bytes, type)
    } catch {
      throw self.error(
        "the \(type.name) inside cannot be read: \(error)", error.kind == .limit ? .limit : .json)
    }
    let name = JSONValue.Member("@type", .string(url))
    if type.record.wellKnown == nil { return .object([name] + (try members(content))) }
    return .object([name, JSONValue.Member("value", try self.message(content))])
  }
}

extension DynamicMessage {
  fileprivate func value(number: UInt32) -> DynamicValue? {
    type.field(number: number).flatMap { self[$0] }
  }
}
