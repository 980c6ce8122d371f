/// The value of a field of a ``DynamicMessage``.
public enum DynamicValue: Sendable {
  case double(Double)
  case float(Float)
  /// `int32`, `sint32` and `sfixed32`.
  case int32(Int32)
  /// `int64`, `sint64` and `sfixed64`.
  case int64(Int64)
  /// `uint32` and `fixed32`.
  case uint32(UInt32)
  /// `uint64` and `fixed64`.
  case uint64(UInt64)
  case bool(Bool)
  case string(String)
  case bytes([UInt8])
  /// A value's number, whether the schema knows it or not.
  case enumeration(Int32)
  case message(DynamicMessage)
  /// An open file, owned by this value and its copies.
  case descriptor(Descriptor)
  /// A repeated field's elements, all of the field's type.
  case list([DynamicValue])
  /// A map field's values, all of the field's type.
  case map([DynamicMapKey: DynamicValue])
}

/// A key of a map field. Keys of one map are of one case.
///
/// Strings are the same key where their bytes are, as in protobuf; Swift's `==` would also take those
/// for one that only Unicode's normalisation makes the same.
public enum DynamicMapKey: Sendable {
  case int32(Int32)
  case int64(Int64)
  case uint32(UInt32)
  case uint64(UInt64)
  case bool(Bool)
  case string(String)
}

extension DynamicMapKey: Hashable {
  public static func == (one: DynamicMapKey, other: DynamicMapKey) -> Bool {
    switch (one, other) {
    case (.int32(let a), .int32(let b)): a == b
    case (.int64(let a), .int64(let b)): a == b
    case (.uint32(let a), .uint32(let b)): a == b
    case (.uint64(let a), .uint64(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.string(let a), .string(let b)): a.isExactly(b)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .int32(let key): hasher.combine(key)
    case .int64(let key): hasher.combine(key)
    case .uint32(let key): hasher.combine(key)
    case .uint64(let key): hasher.combine(key)
    case .bool(let key): hasher.combine(key)
    case .string(let key): ExactString(key).hash(into: &hasher)
    }
  }
}

extension DynamicMapKey: CustomStringConvertible {
  /// The key as JSON writes it between quotes.
  public var description: String {
    switch self {
    case .int32(let key): "\(key)"
    case .int64(let key): "\(key)"
    case .uint32(let key): "\(key)"
    case .uint64(let key): "\(key)"
    case .bool(let key): "\(key)"
    case .string(let key): key
    }
  }
}

extension DynamicMapKey: Comparable {
  /// Numbers by size, false before true, strings by their characters' numbers.
  public static func < (one: DynamicMapKey, other: DynamicMapKey) -> Bool {
    switch (one, other) {
    case (.int32(let a), .int32(let b)): a < b
    case (.int64(let a), .int64(let b)): a < b
    case (.uint32(let a), .uint32(let b)): a < b
    case (.uint64(let a), .uint64(let b)): a < b
    case (.bool(let a), .bool(let b)): !a && b
    case (.string(let a), .string(let b)):
      a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
    default: false
    }
  }
}

extension DynamicMapKey {
  /// Whether a map with keys of this type may hold the key.
  func fits(_ type: FieldRecord.Value) -> Bool {
    switch (self, type) {
    case (.int32, .int32), (.int32, .sint32), (.int32, .sfixed32),
      (.int64, .int64), (.int64, .sint64), (.int64, .sfixed64),
      (.uint32, .uint32), (.uint32, .fixed32), (.uint64, .uint64), (.uint64, .fixed64),
      (.bool, .bool), (.string, .string):
      true
    default: false
    }
  }
}

extension DynamicValue {
  /// What a field of this type holds when nothing was set; nil for messages and descriptors.
  init?(zeroOf type: FieldRecord.Value) {
    switch type {
    case .double: self = .double(0)
    case .float: self = .float(0)
    case .int32, .sint32, .sfixed32: self = .int32(0)
    case .int64, .sint64, .sfixed64: self = .int64(0)
    case .uint32, .fixed32: self = .uint32(0)
    case .uint64, .fixed64: self = .uint64(0)
    case .bool: self = .bool(false)
    case .string: self = .string("")
    case .bytes: self = .bytes([])
    case .enumeration: self = .enumeration(0)
    case .message, .descriptor: return nil
    }
  }

  /// Whether a singular field without presence leaves the value out. Minus zero is not zero.
  var isZero: Bool {
    switch self {
    case .double(let value): value.bitPattern == 0
    case .float(let value): value.bitPattern == 0
    case .int32(let value), .enumeration(let value): value == 0
    case .int64(let value): value == 0
    case .uint32(let value): value == 0
    case .uint64(let value): value == 0
    case .bool(let value): !value
    case .string(let value): value.isEmpty
    case .bytes(let value): value.isEmpty
    case .message, .descriptor: false
    case .list(let values): values.isEmpty
    case .map(let values): values.isEmpty
    }
  }

  /// Whether a field of this type may hold the value, cardinality aside.
  func fits(_ type: FieldRecord.Value, in pool: SchemaPool) -> Bool {
    switch (self, type) {
    case (.double, .double), (.float, .float), (.bool, .bool), (.string, .string),
      (.bytes, .bytes), (.enumeration, .enumeration), (.descriptor, .descriptor),
      (.int32, .int32), (.int32, .sint32), (.int32, .sfixed32),
      (.int64, .int64), (.int64, .sint64), (.int64, .sfixed64),
      (.uint32, .uint32), (.uint32, .fixed32), (.uint64, .uint64), (.uint64, .fixed64):
      true
    case (.message(let message), .message(let index)):
      message.type == MessageType(pool: pool, index: index)
    default: false
    }
  }

  /// What the value is, for errors.
  var kind: String {
    switch self {
    case .double: "double"
    case .float: "float"
    case .int32: "int32"
    case .int64: "int64"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .bool: "bool"
    case .string: "string"
    case .bytes: "bytes"
    case .enumeration: "enumeration"
    case .message(let message): message.type.name
    case .descriptor: "descriptor"
    case .list: "list"
    case .map: "map"
    }
  }
}
