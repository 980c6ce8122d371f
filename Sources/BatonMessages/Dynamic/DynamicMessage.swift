/// A message of a type that is known only at run time, from a ``SchemaPool``.
///
/// A value like a generated message: copies are independent, except that copies of a descriptor
/// field share the open file.
public struct DynamicMessage: Sendable {
  /// Never one that is refused.
  public let type: MessageType
  /// What was set, by the field's place in the type. A field without presence that holds zero, and a
  /// repeated or map field that is empty, is not here.
  private(set) var values: [Int: DynamicValue] = [:]
  /// Fields that the schema does not know.
  public internal(set) var unknownFields = UnknownFields()

  /// An empty message. Throws when the type is refused (``MessageType/refusal``).
  public init(_ type: MessageType) throws(CodecError) {
    _ = try type.layout()
    self.type = type
  }

  /// What the field holds: nil for one with presence that is not set, zero or empty for another.
  /// Also nil when the type has no field of this name.
  public subscript(name: String) -> DynamicValue? {
    type.record.byName[ExactString(name)].flatMap { value(at: $0) }
  }

  /// What the field, which must be of this message's type, holds.
  public subscript(field: MessageType.Field) -> DynamicValue? {
    field.message == type ? value(at: field.index) : nil
  }

  private func value(at index: Int) -> DynamicValue? {
    if let value = values[index] { return value }
    let field = type.record.fields[index]
    return switch field.cardinality {
    case .singular: DynamicValue(zeroOf: field.value)
    case .repeated: .list([])
    case .map: .map([:])
    case .optional, .oneof: nil
    }
  }

  /// Sets the field with this name, in the schema or in JSON; nil clears it. A member of a oneof
  /// clears the others. Throws when there is no such field or it cannot hold the value; a
  /// descriptor's contract is checked when the message is encoded.
  public mutating func set(_ name: String, to value: DynamicValue?) throws(CodecError) {
    guard let index = type.record.byName[ExactString(name)] else {
      throw CodecError(.schema, "\(type.name) has no field \(name.quoted)")
    }
    try set(index, to: value)
  }

  mutating func set(_ index: Int, to value: DynamicValue?) throws(CodecError) {
    let record = type.record
    let field = record.fields[index]
    guard let value else {
      values[index] = nil
      return
    }
    guard fits(value, field) else {
      throw CodecError(
        .schema, "expected \(type.describe(field)), got \(value.kind)", path: field.name)
    }
    if case .oneof(let oneof) = field.cardinality {
      for member in record.oneofs[oneof] { values[member] = nil }
    }
    store(index, value, record)
  }

  /// Stores a value that fits; of a oneof no other member may be set. Readers see to that themselves:
  /// looking for others for every value that came would take a time that is quadratic.
  mutating func store(_ index: Int, _ value: DynamicValue, _ record: MessageRecord) {
    switch record.fields[index].cardinality {
    case .optional, .oneof: break
    case .singular, .repeated, .map:
      if value.isZero {
        values[index] = nil
        return
      }
    }
    values[index] = value
  }

  private func fits(_ value: DynamicValue, _ field: FieldRecord) -> Bool {
    switch (value, field.cardinality) {
    case (.list(let elements), .repeated):
      return elements.allSatisfy { $0.fits(field.value, in: type.pool) }
    case (.map(let elements), .map):
      guard let (key, value) = type.entry(of: field) else { return false }
      return elements.allSatisfy { $0.fits(key.value) && $1.fits(value.value, in: type.pool) }
    case (.list, _), (.map, _), (_, .repeated), (_, .map): return false
    default: return value.fits(field.value, in: type.pool)
    }
  }

  /// The fields that are set, in the order of their declaration.
  public var fields: [(field: MessageType.Field, value: DynamicValue)] {
    values.keys.sorted().compactMap { index in
      values[index].map { (MessageType.Field(message: type, index: index), $0) }
    }
  }
}

extension MessageType {
  /// The key and the value of a map's entries.
  func entry(of field: FieldRecord) -> (key: FieldRecord, value: FieldRecord)? {
    guard field.cardinality == .map, case .message(let index) = field.value else { return nil }
    let entry = pool.messages[index]
    guard let key = entry.byNumber[1], let value = entry.byNumber[2] else { return nil }
    return (entry.fields[key], entry.fields[value])
  }

  /// What the field holds, for errors.
  func describe(_ field: FieldRecord) -> String {
    switch field.cardinality {
    case .repeated: "a list of \(pool.describe(field.value))"
    case .map:
      entry(of: field).map {
        "a map from \(pool.describe($0.key.value)) to \(pool.describe($0.value.value))"
      } ?? "a map"
    default: pool.describe(field.value)
    }
  }
}

extension SchemaPool {
  /// The name of a type as schemas write it.
  func describe(_ value: FieldRecord.Value) -> String {
    switch value {
    case .enumeration(let index): enums[index].name
    case .message(let index): messages[index].name
    case .descriptor: "descriptor"
    default: "\(value)"
    }
  }
}
