/// A message type of a ``SchemaPool``, which it keeps alive.
public struct MessageType: Sendable {
  /// The pool the type is from.
  public let pool: SchemaPool
  let index: Int

  var record: MessageRecord { pool.messages[index] }

  /// The full name, `files.v1.OpenReply`.
  public var name: String { record.name }
  /// In the order of declaration.
  public var fields: [Field] {
    record.fields.indices.map { Field(message: self, index: $0) }
  }
  /// The file that declares the type.
  public var file: FileDescriptorProto { pool.files[record.place.file] }
  /// The place in ``file``, as in `google.protobuf.SourceCodeInfo.Location.path`.
  public var path: [Int32] { record.place.path }
  /// The declaration, with options as they were written.
  public var proto: DescriptorProto { record.proto }
  /// Whether the type is the entry of a map field and not one that the schema's author wrote.
  public var isMapEntry: Bool { record.isMapEntry }
  /// The message type it is declared in.
  public var parent: MessageType? { record.parent.map { MessageType(pool: pool, index: $0) } }

  /// Why messages of this type can be neither read nor written; nil for those that can.
  public var refusal: String? { record.refusal }

  /// The field with this name, in the schema or in JSON.
  public func field(_ name: String) -> Field? {
    record.byName[ExactString(name)].map { Field(message: self, index: $0) }
  }
  /// The field with this number.
  public func field(number: UInt32) -> Field? {
    record.byNumber[number].map { Field(message: self, index: $0) }
  }

  /// The layout, unless the type is refused.
  func layout() throws(CodecError) -> MessageLayout {
    if let layout = record.layout { return layout }
    throw CodecError(.schema, "\(name) cannot be used: \(refusal ?? "it has no layout")")
  }
}

extension MessageType: Hashable {
  public static func == (one: MessageType, other: MessageType) -> Bool {
    one.index == other.index && one.pool === other.pool
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(index)
    hasher.combine(ObjectIdentifier(pool))
  }
}

extension MessageType {
  /// What a field's values are; of a repeated field the elements', of a map the values'.
  public enum ValueType: Sendable, Hashable {
    case double, float
    case int32, int64, uint32, uint64, sint32, sint64
    case fixed32, fixed64, sfixed32, sfixed64
    case bool, string, bytes
    case enumeration(EnumType)
    case message(MessageType)
    case descriptor(DescriptorContract)
  }

  /// A field of a message type.
  public struct Field: Sendable, Hashable {
    /// How many values the field holds, and whether it tells none from zero.
    public enum Cardinality: Sendable, Hashable {
      /// Without presence: absent is the same as zero or empty, or as no descriptor.
      case singular
      /// With presence: `optional` and message fields.
      case optional
      case repeated
      /// With the type of the keys.
      case map(key: ValueType)
      /// A member of the oneof with this name.
      case oneof(String)
    }

    /// The message type that has the field.
    public let message: MessageType
    let index: Int

    var record: FieldRecord { message.record.fields[index] }

    /// The name in the schema.
    public var name: String { record.name }
    /// The name in JSON; lowerCamelCase unless the schema says otherwise.
    public var jsonName: String { record.jsonName }
    /// The number on the wire.
    public var number: UInt32 { record.number }
    /// The declaration, with options as they were written.
    public var proto: FieldDescriptorProto { message.proto.field[index] }
    /// The place in the message type's file.
    public var path: [Int32] { message.path + [2, Int32(index)] }

    /// The type of the value, of a list's elements or of a map's values.
    public var type: ValueType {
      if record.cardinality == .map, let value = entry?.field(number: 2) { return value.type }
      return message.pool.type(record.value)
    }
    /// How many values the field holds.
    public var cardinality: Cardinality {
      switch record.cardinality {
      case .singular: .singular
      case .optional: .optional
      case .repeated: .repeated
      case .map: .map(key: entry?.field(number: 1)?.type ?? .string)
      case .oneof(let oneof): .oneof(message.proto.oneofDecl[oneof].name ?? "")
      }
    }
    /// The entry type of a map.
    var entry: MessageType? {
      guard record.cardinality == .map, case .message(let entry) = record.value else { return nil }
      return MessageType(pool: message.pool, index: entry)
    }
  }
}

extension SchemaPool {
  func type(_ value: FieldRecord.Value) -> MessageType.ValueType {
    switch value {
    case .double: .double
    case .float: .float
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .sint32: .sint32
    case .sint64: .sint64
    case .fixed32: .fixed32
    case .fixed64: .fixed64
    case .sfixed32: .sfixed32
    case .sfixed64: .sfixed64
    case .bool: .bool
    case .string: .string
    case .bytes: .bytes
    case .enumeration(let index): .enumeration(EnumType(pool: self, index: index))
    case .message(let index): .message(MessageType(pool: self, index: index))
    case .descriptor(let contract): .descriptor(contract)
    }
  }
}
