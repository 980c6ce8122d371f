// Dynamic values to messages that are packed.

extension DynamicMessage {
  func write(to writer: inout FieldWriter) throws(CodecError) {
    for (index, field) in type.record.fields.enumerated() {
      guard let value = values[index] else {
        try writer.absent(field)
        continue
      }
      switch value {
      case .list(let values): try writer.list(field, values)
      case .map(let values): try writer.map(field, values, type)
      default: try writer.one(field, value)
      }
    }
    writer.unknown(unknownFields)
  }
}

extension FieldWriter {
  /// A descriptor may be required.
  fileprivate mutating func absent(_ field: FieldRecord) throws(CodecError) {
    guard case .descriptor = field.value else { return }
    switch field.cardinality {
    case .singular, .optional: try descriptor(field.slot, nil)
    default: return
    }
  }

  /// Values that are stored are written, zero or not.
  fileprivate mutating func one(_ field: FieldRecord, _ value: DynamicValue) throws(CodecError) {
    let slot = field.slot
    var mark: UInt32 = 1
    if case .oneof = field.cardinality { mark = field.number }
    switch value {
    case .double(let value): double(slot, value, mark: mark)
    case .float(let value): float(slot, value, mark: mark)
    case .int32(let value), .enumeration(let value): int32(slot, value, mark: mark)
    case .int64(let value): int64(slot, value, mark: mark)
    case .uint32(let value): uint32(slot, value, mark: mark)
    case .uint64(let value): uint64(slot, value, mark: mark)
    case .bool(let value): bool(slot, value, mark: mark)
    case .string(let value): string(slot, value, mark: mark)
    case .bytes(let value): bytes(slot, value, mark: mark)
    case .descriptor(let value): try descriptor(slot, value, mark: mark)
    case .message(let value): store(slot, try make(field, value, nil), mark)
    case .list, .map: return
    }
  }

  fileprivate mutating func list(
    _ field: FieldRecord, _ values: [DynamicValue]
  ) throws(CodecError) {
    let slot = field.slot
    switch field.value {
    case .double: repeatedDouble(slot, values.compactMap(\.doubleValue))
    case .float: repeatedFloat(slot, values.compactMap(\.floatValue))
    case .int32, .sint32, .sfixed32: repeatedInt32(slot, values.compactMap(\.int32Value))
    case .int64, .sint64, .sfixed64: repeatedInt64(slot, values.compactMap(\.int64Value))
    case .uint32, .fixed32: repeatedUInt32(slot, values.compactMap(\.uint32Value))
    case .uint64, .fixed64: repeatedUInt64(slot, values.compactMap(\.uint64Value))
    case .bool: repeatedBool(slot, values.compactMap(\.boolValue))
    case .string: repeatedString(slot, values.compactMap(\.stringValue))
    case .bytes: repeatedBytes(slot, values.compactMap(\.bytesValue))
    case .enumeration: repeatedInt32(slot, values.compactMap(\.enumerationValue))
    case .descriptor: try repeatedDescriptor(slot, values.compactMap(\.descriptorValue))
    case .message: try messages(field, values.compactMap(\.messageValue))
    }
  }

  private mutating func messages(
    _ field: FieldRecord, _ values: [DynamicMessage]
  ) throws(CodecError) {
    if values.isEmpty { return }
    let room = room(field.slot, values.count, of: UnsafeMutableRawPointer.self)
    for (index, value) in values.enumerated() { room[index] = try make(field, value, index) }
  }

  private func make(
    _ field: FieldRecord, _ message: DynamicMessage, _ index: Int?
  ) throws(CodecError) -> UnsafeMutableRawPointer {
    do throws(CodecError) {
      var inner = try nested(message.type.layout())
      try message.write(to: &inner)
      return inner.base
    } catch {
      throw error.inside(field.name, at: index)
    }
  }

  /// Entries in the order of their keys, so that equal messages give equal bytes.
  fileprivate mutating func map(
    _ field: FieldRecord, _ values: [DynamicMapKey: DynamicValue], _ type: MessageType
  ) throws(CodecError) {
    guard let (keyField, valueField) = type.entry(of: field),
      case .message(let entry) = field.value, !values.isEmpty
    else { return }
    let room = room(field.slot, values.count, of: UnsafeMutableRawPointer.self)
    let layout = try MessageType(pool: type.pool, index: entry).layout()
    for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
      do throws(CodecError) {
        var inner = try nested(layout)
        try inner.one(keyField, key.value)
        try inner.one(valueField, value)
        room[index] = inner.base
      } catch {
        throw error.inside(field.name, at: index)
      }
    }
  }
}

extension DynamicMapKey {
  fileprivate var value: DynamicValue {
    switch self {
    case .int32(let key): .int32(key)
    case .int64(let key): .int64(key)
    case .uint32(let key): .uint32(key)
    case .uint64(let key): .uint64(key)
    case .bool(let key): .bool(key)
    case .string(let key): .string(key)
    }
  }
}
