import BatonMessages

/// What a field's values are.
enum ValueType {
  case scalar(Scalar)
  case enumeration(DeclaredType)
  case message(DeclaredType)
  case descriptor(DescriptorContract)
}

/// protobuf's own types of value.
enum Scalar: String {
  case double, float
  case int32, int64, uint32, uint64, sint32, sint64
  case fixed32, fixed64, sfixed32, sfixed64
  case bool, string, bytes

  init?(_ kind: FieldDescriptorProto.Kind?) {
    guard let kind, let scalar = Self.byKind[kind] else { return nil }
    self = scalar
  }

  private static let byKind: [FieldDescriptorProto.Kind: Scalar] = [
    .double: .double, .float: .float, .int32: .int32, .int64: .int64, .uint32: .uint32,
    .uint64: .uint64, .sint32: .sint32, .sint64: .sint64, .fixed32: .fixed32, .fixed64: .fixed64,
    .sfixed32: .sfixed32, .sfixed64: .sfixed64, .bool: .bool, .string: .string, .bytes: .bytes,
  ]

  /// The methods of FieldReader and FieldWriter for it.
  var method: String {
    switch self {
    case .sint32, .sfixed32: "int32"
    case .sint64, .sfixed64: "int64"
    case .fixed32: "uint32"
    case .fixed64: "uint64"
    default: rawValue
    }
  }

  var zero: String {
    switch self {
    case .bool: "false"
    case .string: "\"\""
    case .bytes: "[]"
    default: "0"
    }
  }

  func swiftType(_ scope: Scope) -> String {
    switch method {
    case "uint32": scope.swift("UInt32")
    case "uint64": scope.swift("UInt64")
    case "bytes": "[\(scope.swift("UInt8"))]"
    default: scope.swift(method.prefix(1).uppercased() + method.dropFirst())
    }
  }
}
