// Unpacked messages to dynamic values.

extension DynamicMessage {
  init(_ type: MessageType, from reader: inout FieldReader) throws(CodecError) {
    try self.init(type)
    let record = type.record
    for (index, field) in record.fields.enumerated() {
      let value: DynamicValue? =
        switch field.cardinality {
        case .singular, .optional: try reader.singular(field, type.pool)
        case .oneof:
          reader.oneof(field.slot) == field.number ? try reader.member(field, type.pool) : nil
        case .repeated: try reader.list(field, type.pool)
        case .map: try reader.map(field, type)
        }
      if let value { store(index, value, record) }
    }
    unknownFields = reader.unknown()
  }
}

extension FieldReader {
  /// A descriptor is asked for whether it came or not, as it may be required.
  fileprivate func singular(
    _ field: FieldRecord, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue? {
    switch field.value {
    case .message, .descriptor: try one(field, pool)
    default: has(field.slot) ? try one(field, pool) : nil
    }
  }

  /// The member that a oneof holds, which is there: so is its descriptor.
  fileprivate func member(
    _ field: FieldRecord, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue? {
    guard case .descriptor = field.value else { return try one(field, pool) }
    return .descriptor(try requiredDescriptor(field.slot))
  }

  /// The value in the field's slot; nil for a message or descriptor that did not come.
  fileprivate func one(
    _ field: FieldRecord, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue? {
    let slot = field.slot
    switch field.value {
    case .double: return .double(double(slot))
    case .float: return .float(float(slot))
    case .int32, .sint32, .sfixed32: return .int32(int32(slot))
    case .int64, .sint64, .sfixed64: return .int64(int64(slot))
    case .uint32, .fixed32: return .uint32(uint32(slot))
    case .uint64, .fixed64: return .uint64(uint64(slot))
    case .bool: return .bool(bool(slot))
    case .string: return .string(try string(slot))
    case .bytes: return .bytes(bytes(slot))
    case .enumeration: return .enumeration(int32(slot))
    case .descriptor: return try descriptor(slot).map { .descriptor($0) }
    case .message(let index):
      guard let inner = load(slot, as: UnsafeRawPointer?.self) else { return nil }
      return .message(try message(field, inner, nil, MessageType(pool: pool, index: index)))
    }
  }

  fileprivate func list(
    _ field: FieldRecord, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue? {
    let slot = field.slot
    if count(slot) == 0 { return nil }
    switch field.value {
    case .double: return .list(repeatedDouble(slot).map { .double($0) })
    case .float: return .list(repeatedFloat(slot).map { .float($0) })
    case .int32, .sint32, .sfixed32: return .list(repeatedInt32(slot).map { .int32($0) })
    case .int64, .sint64, .sfixed64: return .list(repeatedInt64(slot).map { .int64($0) })
    case .uint32, .fixed32: return .list(repeatedUInt32(slot).map { .uint32($0) })
    case .uint64, .fixed64: return .list(repeatedUInt64(slot).map { .uint64($0) })
    case .bool: return .list(repeatedBool(slot).map { .bool($0) })
    case .string: return .list(try repeatedString(slot).map { .string($0) })
    case .bytes: return .list(repeatedBytes(slot).map { .bytes($0) })
    case .enumeration: return .list(repeatedInt32(slot).map { .enumeration($0) })
    case .descriptor: return .list(try repeatedDescriptor(slot).map { .descriptor($0) })
    case .message(let index):
      let type = MessageType(pool: pool, index: index)
      var messages: [DynamicValue] = []
      for (place, inner) in elements(slot, as: UnsafeRawPointer.self).enumerated() {
        messages.append(.message(try message(field, inner, place, type)))
      }
      return .list(messages)
    }
  }

  private func message(
    _ field: FieldRecord, _ inner: UnsafeRawPointer, _ place: Int?, _ type: MessageType
  ) throws(CodecError) -> DynamicMessage {
    var reader = FieldReader(base: inner, context: context)
    do throws(CodecError) {
      return try DynamicMessage(type, from: &reader)
    } catch {
      throw error.inside(field.name, at: place)
    }
  }

  fileprivate func map(
    _ field: FieldRecord, _ type: MessageType
  ) throws(CodecError) -> DynamicValue? {
    guard count(field.slot) > 0, let (key, value) = type.entry(of: field),
      case .message(let index) = field.value
    else { return nil }
    let layout = try MessageType(pool: type.pool, index: index).layout()
    let values = try map(field.slot, layout) {
      (entry) throws(CodecError) -> (DynamicMapKey, DynamicValue) in
      (try entry.key(key), try entry.mapped(value, type.pool))
    }
    return .map(values)
  }

  private func key(_ field: FieldRecord) throws(CodecError) -> DynamicMapKey {
    switch field.value {
    case .int32, .sint32, .sfixed32: .int32(int32(field.slot))
    case .int64, .sint64, .sfixed64: .int64(int64(field.slot))
    case .uint32, .fixed32: .uint32(uint32(field.slot))
    case .uint64, .fixed64: .uint64(uint64(field.slot))
    case .bool: .bool(bool(field.slot))
    default: .string(try string(field.slot))
    }
  }

  /// A map's value, which is there even where the entry came without one.
  private func mapped(
    _ field: FieldRecord, _ pool: SchemaPool
  ) throws(CodecError) -> DynamicValue {
    if case .descriptor = field.value { return .descriptor(try requiredDescriptor(field.slot)) }
    if let value = try one(field, pool) { return value }
    guard case .message(let index) = field.value else {
      throw CodecError(.malformed, "expected a value", path: field.name)
    }
    return .message(try DynamicMessage(MessageType(pool: pool, index: index)))
  }
}
