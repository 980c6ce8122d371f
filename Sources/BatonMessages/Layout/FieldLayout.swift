/// One field of a message as the codec sees it.
public struct FieldLayout: Sendable {
  public enum Cardinality: Sendable, Hashable {
    /// A proto3 field without `optional`: zero and empty are not written.
    case singular
    /// Presence is kept: `optional` and message fields.
    case optional
    /// Written packed where the type allows.
    case repeated
    /// Written one by one although the type allows packing (`[packed = false]`).
    case repeatedUnpacked
    /// A member of the oneof with this number, which counts from zero within the message.
    case oneof(Int)
  }

  public let number: UInt32
  /// The name in the schema.
  public let name: String
  public let type: FieldType
  public let cardinality: Cardinality

  public init(
    _ number: UInt32, _ name: String, _ type: FieldType, _ cardinality: Cardinality = .singular
  ) {
    self.number = number
    self.name = name
    self.type = type
    self.cardinality = cardinality
  }

  var isRepeated: Bool { cardinality == .repeated || cardinality == .repeatedUnpacked }
}

/// The type of a field's values.
public enum FieldType: Sendable {
  case double, float
  case int32, int64, uint32, uint64, sint32, sint64
  case fixed32, fixed64, sfixed32, sfixed64
  case bool, string, bytes
  case enumeration
  /// The closure lets messages refer to each other in circles.
  case message(@Sendable () -> MessageLayout)
  /// A `uint32` on the wire: the descriptor's place in the message's table, counted from one.
  case descriptor(DescriptorContract)
}
