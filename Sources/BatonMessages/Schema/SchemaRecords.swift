// What a SchemaPool stores. Types are named by their place in the pool's arrays, so that recursive
// ones make no reference cycle.

enum SymbolRecord: Sendable {
  case message(Int)
  case enumeration(Int)
  case service(Int)
  case method(service: Int, Int)
}

/// Where a symbol is declared.
struct SchemaPlace: Sendable {
  /// In `SchemaPool.files`.
  let file: Int
  /// As in `google.protobuf.SourceCodeInfo.Location.path`.
  let path: [Int32]
}

struct MessageRecord: Sendable {
  let name: String
  let place: SchemaPlace
  let proto: DescriptorProto
  let parent: Int?
  /// In the order of declaration.
  var fields: [FieldRecord] = []
  /// Places in `fields` by number, and by both names a field goes by.
  var byNumber: [UInt32: Int] = [:]
  var byName: [ExactString: Int] = [:]
  /// The places in `fields` of each oneof's members.
  var oneofs: [[Int]] = []
  var wellKnown: WellKnownType?
  /// Why messages of this type can be neither read nor written.
  var refusal: String?
  /// Nil for a type that is refused.
  var layout: MessageLayout?

  var isMapEntry: Bool { proto.options?.mapEntry == true }
}

struct FieldRecord: Sendable {
  enum Value: Sendable, Hashable {
    case double, float
    case int32, int64, uint32, uint64, sint32, sint64
    case fixed32, fixed64, sfixed32, sfixed64
    case bool, string, bytes
    case enumeration(Int)
    case message(Int)
    case descriptor(DescriptorContract)
  }
  enum Cardinality: Sendable, Hashable {
    case singular
    case optional
    case repeated(packed: Bool)
    /// The value is the entry's message type.
    case map
    /// The oneof's place in the message's declaration.
    case oneof(Int)
  }

  let name: String
  let jsonName: String
  let number: UInt32
  var value: Value
  var cardinality: Cardinality
  /// In the message's layout.
  var slot = 0
}

struct EnumRecord: Sendable {
  let name: String
  let place: SchemaPlace
  let proto: EnumDescriptorProto
  let isProto3: Bool
  var numbers: [ExactString: Int32] = [:]
  /// The first name declared for each number.
  var names: [Int32: String] = [:]
}

struct ServiceRecord: Sendable {
  let name: String
  let place: SchemaPlace
  let proto: ServiceDescriptorProto
  var methods: [MethodRecord] = []
}

struct MethodRecord: Sendable {
  let name: String
  let input: Int
  let output: Int
}
