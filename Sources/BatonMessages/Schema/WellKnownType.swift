/// Messages of protobuf's own schemas that have a JSON form of their own.
enum WellKnownType: Sendable, Hashable {
  case any, timestamp, duration, fieldMask, structure, value, listValue
  /// `google.protobuf.Int32Value` and the like.
  case wrapper

  init?(name: String) {
    switch name {
    case "google.protobuf.Any": self = .any
    case "google.protobuf.Timestamp": self = .timestamp
    case "google.protobuf.Duration": self = .duration
    case "google.protobuf.FieldMask": self = .fieldMask
    case "google.protobuf.Struct": self = .structure
    case "google.protobuf.Value": self = .value
    case "google.protobuf.ListValue": self = .listValue
    case "google.protobuf.DoubleValue", "google.protobuf.FloatValue",
      "google.protobuf.Int64Value", "google.protobuf.UInt64Value", "google.protobuf.Int32Value",
      "google.protobuf.UInt32Value", "google.protobuf.BoolValue", "google.protobuf.StringValue",
      "google.protobuf.BytesValue":
      self = .wrapper
    default: return nil
    }
  }

  /// The enumeration whose only value is JSON's null.
  static let nullValue = "google.protobuf.NullValue"

  /// Whether the message has the fields that code for this type counts on: a peer's schema may call
  /// anything by this name.
  func fits(_ message: MessageRecord, in linker: SchemaLinker) -> Bool {
    func type(_ number: UInt32) -> (FieldRecord.Value, FieldRecord.Cardinality)? {
      message.byNumber[number].map { (message.fields[$0].value, message.fields[$0].cardinality) }
    }
    func has(
      _ number: UInt32, _ value: FieldRecord.Value,
      _ cardinality: FieldRecord.Cardinality = .singular
    ) -> Bool {
      guard let found = type(number) else { return false }
      return found == (value, cardinality)
    }
    func named(_ name: String) -> FieldRecord.Value? {
      switch linker.symbols[ExactString(name)] {
      case .message(let index)?: .message(index)
      case .enumeration(let index)?: .enumeration(index)
      default: nil
      }
    }
    switch self {
    case .any: return message.fields.count == 2 && has(1, .string) && has(2, .bytes)
    case .timestamp, .duration:
      return message.fields.count == 2 && has(1, .int64) && has(2, .int32)
    case .fieldMask:
      return message.fields.count == 1 && has(1, .string, .repeated(packed: true))
    case .wrapper:
      return message.fields.count == 1 && message.byName[ExactString("value")] != nil
        && type(1)?.1 == .singular
        && message.fields[0].value.isScalar
    case .structure:
      guard message.fields.count == 1, case (.message(let entry), .map)? = type(1) else {
        return false
      }
      let fields = linker.messages[entry].fields
      return fields.contains { $0.number == 1 && $0.value == .string }
        && fields.contains { $0.number == 2 && $0.value == named("google.protobuf.Value") }
    case .listValue:
      guard message.fields.count == 1, let value = named("google.protobuf.Value") else {
        return false
      }
      return has(1, value, .repeated(packed: true))
    case .value:
      guard message.fields.count == 6, let null = named(Self.nullValue),
        let structure = named("google.protobuf.Struct"),
        let list = named("google.protobuf.ListValue")
      else { return false }
      return has(1, null, .oneof(0)) && has(2, .double, .oneof(0)) && has(3, .string, .oneof(0))
        && has(4, .bool, .oneof(0)) && has(5, structure, .oneof(0)) && has(6, list, .oneof(0))
    }
  }
}

extension FieldRecord.Value {
  fileprivate var isScalar: Bool {
    switch self {
    case .enumeration, .message, .descriptor: false
    default: true
    }
  }
}
