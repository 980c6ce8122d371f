import BatonMessages

// Messages in the style of generated code, with every scalar type in every cardinality.

/// An open enumeration.
enum CodecMood: Enumeration {
  case calm
  case cross
  case unrecognized(Int32)

  init(rawValue: Int32) {
    switch rawValue {
    case 0: self = .calm
    case 1: self = .cross
    default: self = .unrecognized(rawValue)
    }
  }

  var rawValue: Int32 {
    switch self {
    case .calm: 0
    case .cross: 1
    case .unrecognized(let rawValue): rawValue
    }
  }
}

/// A message that holds its own type.
struct CodecNode: Message, Hashable {
  var name = ""
  @Indirect var child: CodecNode?
  var children: [CodecNode] = []
  var data: [UInt8] = []
  var unknownFields = UnknownFields()

  init(name: String = "", child: CodecNode? = nil, children: [CodecNode] = [], data: [UInt8] = []) {
    self.name = name
    self.child = child
    self.children = children
    self.data = data
  }

  static let layout: MessageLayout = MessageLayout(
    "codec.Node",
    [
      FieldLayout(1, "name", .string),
      FieldLayout(2, "child", .message { CodecNode.layout }, .optional),
      FieldLayout(3, "children", .message { CodecNode.layout }, .repeated),
      FieldLayout(4, "data", .bytes),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    name = try fields.string(0)
    child = try fields.message(1)
    children = try fields.repeatedMessage(2)
    data = fields.bytes(3)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.string(0, name)
    try fields.message(1, child)
    try fields.repeatedMessage(2, children)
    fields.bytes(3, data)
    fields.unknown(unknownFields)
  }
}

/// Every scalar type, singular.
struct CodecScalars: Message, Equatable {
  var doubleField: Double = 0
  var floatField: Float = 0
  var int32Field: Int32 = 0
  var int64Field: Int64 = 0
  var uint32Field: UInt32 = 0
  var uint64Field: UInt64 = 0
  var sint32Field: Int32 = 0
  var sint64Field: Int64 = 0
  var fixed32Field: UInt32 = 0
  var fixed64Field: UInt64 = 0
  var sfixed32Field: Int32 = 0
  var sfixed64Field: Int64 = 0
  var boolField: Bool = false
  var stringField: String = ""
  var bytesField: [UInt8] = []
  var enumerationField: CodecMood = .calm
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Scalars",
    [
      FieldLayout(1, "doubleField", .double),
      FieldLayout(2, "floatField", .float),
      FieldLayout(3, "int32Field", .int32),
      FieldLayout(4, "int64Field", .int64),
      FieldLayout(5, "uint32Field", .uint32),
      FieldLayout(6, "uint64Field", .uint64),
      FieldLayout(7, "sint32Field", .sint32),
      FieldLayout(8, "sint64Field", .sint64),
      FieldLayout(9, "fixed32Field", .fixed32),
      FieldLayout(10, "fixed64Field", .fixed64),
      FieldLayout(11, "sfixed32Field", .sfixed32),
      FieldLayout(12, "sfixed64Field", .sfixed64),
      FieldLayout(13, "boolField", .bool),
      FieldLayout(14, "stringField", .string),
      FieldLayout(15, "bytesField", .bytes),
      FieldLayout(16, "enumerationField", .enumeration),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    doubleField = fields.double(0)
    floatField = fields.float(1)
    int32Field = fields.int32(2)
    int64Field = fields.int64(3)
    uint32Field = fields.uint32(4)
    uint64Field = fields.uint64(5)
    sint32Field = fields.int32(6)
    sint64Field = fields.int64(7)
    fixed32Field = fields.uint32(8)
    fixed64Field = fields.uint64(9)
    sfixed32Field = fields.int32(10)
    sfixed64Field = fields.int64(11)
    boolField = fields.bool(12)
    stringField = try fields.string(13)
    bytesField = fields.bytes(14)
    enumerationField = fields.enumeration(15)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.double(0, doubleField)
    fields.float(1, floatField)
    fields.int32(2, int32Field)
    fields.int64(3, int64Field)
    fields.uint32(4, uint32Field)
    fields.uint64(5, uint64Field)
    fields.int32(6, sint32Field)
    fields.int64(7, sint64Field)
    fields.uint32(8, fixed32Field)
    fields.uint64(9, fixed64Field)
    fields.int32(10, sfixed32Field)
    fields.int64(11, sfixed64Field)
    fields.bool(12, boolField)
    fields.string(13, stringField)
    fields.bytes(14, bytesField)
    fields.enumeration(15, enumerationField)
    fields.unknown(unknownFields)
  }
}

/// Every scalar type with presence.
struct CodecOptionals: Message, Equatable {
  var doubleField: Double?
  var floatField: Float?
  var int32Field: Int32?
  var int64Field: Int64?
  var uint32Field: UInt32?
  var uint64Field: UInt64?
  var sint32Field: Int32?
  var sint64Field: Int64?
  var fixed32Field: UInt32?
  var fixed64Field: UInt64?
  var sfixed32Field: Int32?
  var sfixed64Field: Int64?
  var boolField: Bool?
  var stringField: String?
  var bytesField: [UInt8]?
  var enumerationField: CodecMood?
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Optionals",
    [
      FieldLayout(1, "doubleField", .double, .optional),
      FieldLayout(2, "floatField", .float, .optional),
      FieldLayout(3, "int32Field", .int32, .optional),
      FieldLayout(4, "int64Field", .int64, .optional),
      FieldLayout(5, "uint32Field", .uint32, .optional),
      FieldLayout(6, "uint64Field", .uint64, .optional),
      FieldLayout(7, "sint32Field", .sint32, .optional),
      FieldLayout(8, "sint64Field", .sint64, .optional),
      FieldLayout(9, "fixed32Field", .fixed32, .optional),
      FieldLayout(10, "fixed64Field", .fixed64, .optional),
      FieldLayout(11, "sfixed32Field", .sfixed32, .optional),
      FieldLayout(12, "sfixed64Field", .sfixed64, .optional),
      FieldLayout(13, "boolField", .bool, .optional),
      FieldLayout(14, "stringField", .string, .optional),
      FieldLayout(15, "bytesField", .bytes, .optional),
      FieldLayout(16, "enumerationField", .enumeration, .optional),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    doubleField = fields.has(0) ? fields.double(0) : nil
    floatField = fields.has(1) ? fields.float(1) : nil
    int32Field = fields.has(2) ? fields.int32(2) : nil
    int64Field = fields.has(3) ? fields.int64(3) : nil
    uint32Field = fields.has(4) ? fields.uint32(4) : nil
    uint64Field = fields.has(5) ? fields.uint64(5) : nil
    sint32Field = fields.has(6) ? fields.int32(6) : nil
    sint64Field = fields.has(7) ? fields.int64(7) : nil
    fixed32Field = fields.has(8) ? fields.uint32(8) : nil
    fixed64Field = fields.has(9) ? fields.uint64(9) : nil
    sfixed32Field = fields.has(10) ? fields.int32(10) : nil
    sfixed64Field = fields.has(11) ? fields.int64(11) : nil
    boolField = fields.has(12) ? fields.bool(12) : nil
    stringField = fields.has(13) ? try fields.string(13) : nil
    bytesField = fields.has(14) ? fields.bytes(14) : nil
    enumerationField = fields.has(15) ? fields.enumeration(15) : nil
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    if let doubleField { fields.double(0, doubleField, mark: 1) }
    if let floatField { fields.float(1, floatField, mark: 1) }
    if let int32Field { fields.int32(2, int32Field, mark: 1) }
    if let int64Field { fields.int64(3, int64Field, mark: 1) }
    if let uint32Field { fields.uint32(4, uint32Field, mark: 1) }
    if let uint64Field { fields.uint64(5, uint64Field, mark: 1) }
    if let sint32Field { fields.int32(6, sint32Field, mark: 1) }
    if let sint64Field { fields.int64(7, sint64Field, mark: 1) }
    if let fixed32Field { fields.uint32(8, fixed32Field, mark: 1) }
    if let fixed64Field { fields.uint64(9, fixed64Field, mark: 1) }
    if let sfixed32Field { fields.int32(10, sfixed32Field, mark: 1) }
    if let sfixed64Field { fields.int64(11, sfixed64Field, mark: 1) }
    if let boolField { fields.bool(12, boolField, mark: 1) }
    if let stringField { fields.string(13, stringField, mark: 1) }
    if let bytesField { fields.bytes(14, bytesField, mark: 1) }
    if let enumerationField { fields.enumeration(15, enumerationField, mark: 1) }
    fields.unknown(unknownFields)
  }
}

/// Every scalar type, repeated and packed where it can be.
struct CodecRepeated: Message, Equatable {
  var doubleField: [Double] = []
  var floatField: [Float] = []
  var int32Field: [Int32] = []
  var int64Field: [Int64] = []
  var uint32Field: [UInt32] = []
  var uint64Field: [UInt64] = []
  var sint32Field: [Int32] = []
  var sint64Field: [Int64] = []
  var fixed32Field: [UInt32] = []
  var fixed64Field: [UInt64] = []
  var sfixed32Field: [Int32] = []
  var sfixed64Field: [Int64] = []
  var boolField: [Bool] = []
  var stringField: [String] = []
  var bytesField: [[UInt8]] = []
  var enumerationField: [CodecMood] = []
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Repeated",
    [
      FieldLayout(1, "doubleField", .double, .repeated),
      FieldLayout(2, "floatField", .float, .repeated),
      FieldLayout(3, "int32Field", .int32, .repeated),
      FieldLayout(4, "int64Field", .int64, .repeated),
      FieldLayout(5, "uint32Field", .uint32, .repeated),
      FieldLayout(6, "uint64Field", .uint64, .repeated),
      FieldLayout(7, "sint32Field", .sint32, .repeated),
      FieldLayout(8, "sint64Field", .sint64, .repeated),
      FieldLayout(9, "fixed32Field", .fixed32, .repeated),
      FieldLayout(10, "fixed64Field", .fixed64, .repeated),
      FieldLayout(11, "sfixed32Field", .sfixed32, .repeated),
      FieldLayout(12, "sfixed64Field", .sfixed64, .repeated),
      FieldLayout(13, "boolField", .bool, .repeated),
      FieldLayout(14, "stringField", .string, .repeated),
      FieldLayout(15, "bytesField", .bytes, .repeated),
      FieldLayout(16, "enumerationField", .enumeration, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    doubleField = fields.repeatedDouble(0)
    floatField = fields.repeatedFloat(1)
    int32Field = fields.repeatedInt32(2)
    int64Field = fields.repeatedInt64(3)
    uint32Field = fields.repeatedUInt32(4)
    uint64Field = fields.repeatedUInt64(5)
    sint32Field = fields.repeatedInt32(6)
    sint64Field = fields.repeatedInt64(7)
    fixed32Field = fields.repeatedUInt32(8)
    fixed64Field = fields.repeatedUInt64(9)
    sfixed32Field = fields.repeatedInt32(10)
    sfixed64Field = fields.repeatedInt64(11)
    boolField = fields.repeatedBool(12)
    stringField = try fields.repeatedString(13)
    bytesField = fields.repeatedBytes(14)
    enumerationField = fields.repeatedEnumeration(15)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.repeatedDouble(0, doubleField)
    fields.repeatedFloat(1, floatField)
    fields.repeatedInt32(2, int32Field)
    fields.repeatedInt64(3, int64Field)
    fields.repeatedUInt32(4, uint32Field)
    fields.repeatedUInt64(5, uint64Field)
    fields.repeatedInt32(6, sint32Field)
    fields.repeatedInt64(7, sint64Field)
    fields.repeatedUInt32(8, fixed32Field)
    fields.repeatedUInt64(9, fixed64Field)
    fields.repeatedInt32(10, sfixed32Field)
    fields.repeatedInt64(11, sfixed64Field)
    fields.repeatedBool(12, boolField)
    fields.repeatedString(13, stringField)
    fields.repeatedBytes(14, bytesField)
    fields.repeatedEnumeration(15, enumerationField)
    fields.unknown(unknownFields)
  }
}

/// Every scalar type, repeated and never packed.
struct CodecUnpacked: Message, Equatable {
  var doubleField: [Double] = []
  var floatField: [Float] = []
  var int32Field: [Int32] = []
  var int64Field: [Int64] = []
  var uint32Field: [UInt32] = []
  var uint64Field: [UInt64] = []
  var sint32Field: [Int32] = []
  var sint64Field: [Int64] = []
  var fixed32Field: [UInt32] = []
  var fixed64Field: [UInt64] = []
  var sfixed32Field: [Int32] = []
  var sfixed64Field: [Int64] = []
  var boolField: [Bool] = []
  var stringField: [String] = []
  var bytesField: [[UInt8]] = []
  var enumerationField: [CodecMood] = []
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Unpacked",
    [
      FieldLayout(1, "doubleField", .double, .repeatedUnpacked),
      FieldLayout(2, "floatField", .float, .repeatedUnpacked),
      FieldLayout(3, "int32Field", .int32, .repeatedUnpacked),
      FieldLayout(4, "int64Field", .int64, .repeatedUnpacked),
      FieldLayout(5, "uint32Field", .uint32, .repeatedUnpacked),
      FieldLayout(6, "uint64Field", .uint64, .repeatedUnpacked),
      FieldLayout(7, "sint32Field", .sint32, .repeatedUnpacked),
      FieldLayout(8, "sint64Field", .sint64, .repeatedUnpacked),
      FieldLayout(9, "fixed32Field", .fixed32, .repeatedUnpacked),
      FieldLayout(10, "fixed64Field", .fixed64, .repeatedUnpacked),
      FieldLayout(11, "sfixed32Field", .sfixed32, .repeatedUnpacked),
      FieldLayout(12, "sfixed64Field", .sfixed64, .repeatedUnpacked),
      FieldLayout(13, "boolField", .bool, .repeatedUnpacked),
      FieldLayout(14, "stringField", .string, .repeatedUnpacked),
      FieldLayout(15, "bytesField", .bytes, .repeatedUnpacked),
      FieldLayout(16, "enumerationField", .enumeration, .repeatedUnpacked),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    doubleField = fields.repeatedDouble(0)
    floatField = fields.repeatedFloat(1)
    int32Field = fields.repeatedInt32(2)
    int64Field = fields.repeatedInt64(3)
    uint32Field = fields.repeatedUInt32(4)
    uint64Field = fields.repeatedUInt64(5)
    sint32Field = fields.repeatedInt32(6)
    sint64Field = fields.repeatedInt64(7)
    fixed32Field = fields.repeatedUInt32(8)
    fixed64Field = fields.repeatedUInt64(9)
    sfixed32Field = fields.repeatedInt32(10)
    sfixed64Field = fields.repeatedInt64(11)
    boolField = fields.repeatedBool(12)
    stringField = try fields.repeatedString(13)
    bytesField = fields.repeatedBytes(14)
    enumerationField = fields.repeatedEnumeration(15)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.repeatedDouble(0, doubleField)
    fields.repeatedFloat(1, floatField)
    fields.repeatedInt32(2, int32Field)
    fields.repeatedInt64(3, int64Field)
    fields.repeatedUInt32(4, uint32Field)
    fields.repeatedUInt64(5, uint64Field)
    fields.repeatedInt32(6, sint32Field)
    fields.repeatedInt64(7, sint64Field)
    fields.repeatedUInt32(8, fixed32Field)
    fields.repeatedUInt64(9, fixed64Field)
    fields.repeatedInt32(10, sfixed32Field)
    fields.repeatedInt64(11, sfixed64Field)
    fields.repeatedBool(12, boolField)
    fields.repeatedString(13, stringField)
    fields.repeatedBytes(14, bytesField)
    fields.repeatedEnumeration(15, enumerationField)
    fields.unknown(unknownFields)
  }
}

/// A oneof with a member of every scalar type and two messages.
struct CodecChoice: Message, Equatable {
  enum Choice: Equatable {
    case doubleField(Double)
    case floatField(Float)
    case int32Field(Int32)
    case int64Field(Int64)
    case uint32Field(UInt32)
    case uint64Field(UInt64)
    case sint32Field(Int32)
    case sint64Field(Int64)
    case fixed32Field(UInt32)
    case fixed64Field(UInt64)
    case sfixed32Field(Int32)
    case sfixed64Field(Int64)
    case boolField(Bool)
    case stringField(String)
    case bytesField([UInt8])
    case enumerationField(CodecMood)
    case node(CodecNode)
    case scalars(CodecScalars)
  }

  var choice: Choice?
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Choice",
    [
      FieldLayout(1, "doubleField", .double, .oneof(0)),
      FieldLayout(2, "floatField", .float, .oneof(0)),
      FieldLayout(3, "int32Field", .int32, .oneof(0)),
      FieldLayout(4, "int64Field", .int64, .oneof(0)),
      FieldLayout(5, "uint32Field", .uint32, .oneof(0)),
      FieldLayout(6, "uint64Field", .uint64, .oneof(0)),
      FieldLayout(7, "sint32Field", .sint32, .oneof(0)),
      FieldLayout(8, "sint64Field", .sint64, .oneof(0)),
      FieldLayout(9, "fixed32Field", .fixed32, .oneof(0)),
      FieldLayout(10, "fixed64Field", .fixed64, .oneof(0)),
      FieldLayout(11, "sfixed32Field", .sfixed32, .oneof(0)),
      FieldLayout(12, "sfixed64Field", .sfixed64, .oneof(0)),
      FieldLayout(13, "boolField", .bool, .oneof(0)),
      FieldLayout(14, "stringField", .string, .oneof(0)),
      FieldLayout(15, "bytesField", .bytes, .oneof(0)),
      FieldLayout(16, "enumerationField", .enumeration, .oneof(0)),
      FieldLayout(17, "node", .message { CodecNode.layout }, .oneof(0)),
      FieldLayout(18, "scalars", .message { CodecScalars.layout }, .oneof(0)),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    choice =
      switch fields.oneof(0) {
      case 1: .doubleField(fields.double(0))
      case 2: .floatField(fields.float(0))
      case 3: .int32Field(fields.int32(0))
      case 4: .int64Field(fields.int64(0))
      case 5: .uint32Field(fields.uint32(0))
      case 6: .uint64Field(fields.uint64(0))
      case 7: .sint32Field(fields.int32(0))
      case 8: .sint64Field(fields.int64(0))
      case 9: .fixed32Field(fields.uint32(0))
      case 10: .fixed64Field(fields.uint64(0))
      case 11: .sfixed32Field(fields.int32(0))
      case 12: .sfixed64Field(fields.int64(0))
      case 13: .boolField(fields.bool(0))
      case 14: .stringField(try fields.string(0))
      case 15: .bytesField(fields.bytes(0))
      case 16: .enumerationField(fields.enumeration(0))
      case 17: try fields.message(0).map(Choice.node)
      case 18: try fields.message(0).map(Choice.scalars)
      default: nil
      }
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    switch choice {
    case .doubleField(let value): fields.double(0, value, mark: 1)
    case .floatField(let value): fields.float(0, value, mark: 2)
    case .int32Field(let value): fields.int32(0, value, mark: 3)
    case .int64Field(let value): fields.int64(0, value, mark: 4)
    case .uint32Field(let value): fields.uint32(0, value, mark: 5)
    case .uint64Field(let value): fields.uint64(0, value, mark: 6)
    case .sint32Field(let value): fields.int32(0, value, mark: 7)
    case .sint64Field(let value): fields.int64(0, value, mark: 8)
    case .fixed32Field(let value): fields.uint32(0, value, mark: 9)
    case .fixed64Field(let value): fields.uint64(0, value, mark: 10)
    case .sfixed32Field(let value): fields.int32(0, value, mark: 11)
    case .sfixed64Field(let value): fields.int64(0, value, mark: 12)
    case .boolField(let value): fields.bool(0, value, mark: 13)
    case .stringField(let value): fields.string(0, value, mark: 14)
    case .bytesField(let value): fields.bytes(0, value, mark: 15)
    case .enumerationField(let value): fields.enumeration(0, value, mark: 16)
    case .node(let value): try fields.message(0, value, mark: 17)
    case .scalars(let value): try fields.message(0, value, mark: 18)
    case nil: break
    }
    fields.unknown(unknownFields)
  }
}

/// Maps with every type of value and of key.
struct CodecMaps: Message, Equatable {
  var doubleField: [Int32: Double] = [:]
  var floatField: [Int64: Float] = [:]
  var int32Field: [UInt32: Int32] = [:]
  var int64Field: [UInt64: Int64] = [:]
  var uint32Field: [Int32: UInt32] = [:]
  var uint64Field: [Int64: UInt64] = [:]
  var sint32Field: [UInt32: Int32] = [:]
  var sint64Field: [UInt64: Int64] = [:]
  var fixed32Field: [Int32: UInt32] = [:]
  var fixed64Field: [Int64: UInt64] = [:]
  var sfixed32Field: [Bool: Int32] = [:]
  var sfixed64Field: [String: Int64] = [:]
  var boolField: [Int32: Bool] = [:]
  var stringField: [Int64: String] = [:]
  var bytesField: [UInt32: [UInt8]] = [:]
  var enumerationField: [UInt64: CodecMood] = [:]
  var node: [String: CodecNode] = [:]
  var unknownFields = UnknownFields()

  init() {}
  private static let doubleFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.DoubleEntry", [FieldLayout(1, "key", .int32), FieldLayout(2, "value", .double)])
  private static let floatFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.FloatEntry", [FieldLayout(1, "key", .int64), FieldLayout(2, "value", .float)])
  private static let int32FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Int32Entry", [FieldLayout(1, "key", .uint32), FieldLayout(2, "value", .int32)])
  private static let int64FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Int64Entry", [FieldLayout(1, "key", .uint64), FieldLayout(2, "value", .int64)])
  private static let uint32FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.UInt32Entry", [FieldLayout(1, "key", .sint32), FieldLayout(2, "value", .uint32)])
  private static let uint64FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.UInt64Entry", [FieldLayout(1, "key", .sint64), FieldLayout(2, "value", .uint64)])
  private static let sint32FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Sint32Entry", [FieldLayout(1, "key", .fixed32), FieldLayout(2, "value", .sint32)])
  private static let sint64FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Sint64Entry", [FieldLayout(1, "key", .fixed64), FieldLayout(2, "value", .sint64)])
  private static let fixed32FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Fixed32Entry",
    [FieldLayout(1, "key", .sfixed32), FieldLayout(2, "value", .fixed32)])
  private static let fixed64FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Fixed64Entry",
    [FieldLayout(1, "key", .sfixed64), FieldLayout(2, "value", .fixed64)])
  private static let sfixed32FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Sfixed32Entry", [FieldLayout(1, "key", .bool), FieldLayout(2, "value", .sfixed32)])
  private static let sfixed64FieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.Sfixed64Entry",
    [FieldLayout(1, "key", .string), FieldLayout(2, "value", .sfixed64)])
  private static let boolFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.BoolEntry", [FieldLayout(1, "key", .int32), FieldLayout(2, "value", .bool)])
  private static let stringFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.StringEntry", [FieldLayout(1, "key", .int64), FieldLayout(2, "value", .string)])
  private static let bytesFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.BytesEntry", [FieldLayout(1, "key", .uint32), FieldLayout(2, "value", .bytes)])
  private static let enumerationFieldEntry: MessageLayout = MessageLayout(
    "codec.Maps.EnumerationEntry",
    [FieldLayout(1, "key", .uint64), FieldLayout(2, "value", .enumeration)])
  private static let nodeEntry: MessageLayout = MessageLayout(
    "codec.Maps.NodeEntry",
    [FieldLayout(1, "key", .string), FieldLayout(2, "value", .message { CodecNode.layout })])

  static let layout: MessageLayout = MessageLayout(
    "codec.Maps",
    [
      FieldLayout(1, "doubleField", .message { doubleFieldEntry }, .repeated),
      FieldLayout(2, "floatField", .message { floatFieldEntry }, .repeated),
      FieldLayout(3, "int32Field", .message { int32FieldEntry }, .repeated),
      FieldLayout(4, "int64Field", .message { int64FieldEntry }, .repeated),
      FieldLayout(5, "uint32Field", .message { uint32FieldEntry }, .repeated),
      FieldLayout(6, "uint64Field", .message { uint64FieldEntry }, .repeated),
      FieldLayout(7, "sint32Field", .message { sint32FieldEntry }, .repeated),
      FieldLayout(8, "sint64Field", .message { sint64FieldEntry }, .repeated),
      FieldLayout(9, "fixed32Field", .message { fixed32FieldEntry }, .repeated),
      FieldLayout(10, "fixed64Field", .message { fixed64FieldEntry }, .repeated),
      FieldLayout(11, "sfixed32Field", .message { sfixed32FieldEntry }, .repeated),
      FieldLayout(12, "sfixed64Field", .message { sfixed64FieldEntry }, .repeated),
      FieldLayout(13, "boolField", .message { boolFieldEntry }, .repeated),
      FieldLayout(14, "stringField", .message { stringFieldEntry }, .repeated),
      FieldLayout(15, "bytesField", .message { bytesFieldEntry }, .repeated),
      FieldLayout(16, "enumerationField", .message { enumerationFieldEntry }, .repeated),
      FieldLayout(17, "node", .message { nodeEntry }, .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    doubleField = try fields.map(0, Self.doubleFieldEntry) { (entry) throws(CodecError) in
      (entry.int32(0), entry.double(1))
    }
    floatField = try fields.map(1, Self.floatFieldEntry) { (entry) throws(CodecError) in
      (entry.int64(0), entry.float(1))
    }
    int32Field = try fields.map(2, Self.int32FieldEntry) { (entry) throws(CodecError) in
      (entry.uint32(0), entry.int32(1))
    }
    int64Field = try fields.map(3, Self.int64FieldEntry) { (entry) throws(CodecError) in
      (entry.uint64(0), entry.int64(1))
    }
    uint32Field = try fields.map(4, Self.uint32FieldEntry) { (entry) throws(CodecError) in
      (entry.int32(0), entry.uint32(1))
    }
    uint64Field = try fields.map(5, Self.uint64FieldEntry) { (entry) throws(CodecError) in
      (entry.int64(0), entry.uint64(1))
    }
    sint32Field = try fields.map(6, Self.sint32FieldEntry) { (entry) throws(CodecError) in
      (entry.uint32(0), entry.int32(1))
    }
    sint64Field = try fields.map(7, Self.sint64FieldEntry) { (entry) throws(CodecError) in
      (entry.uint64(0), entry.int64(1))
    }
    fixed32Field = try fields.map(8, Self.fixed32FieldEntry) { (entry) throws(CodecError) in
      (entry.int32(0), entry.uint32(1))
    }
    fixed64Field = try fields.map(9, Self.fixed64FieldEntry) { (entry) throws(CodecError) in
      (entry.int64(0), entry.uint64(1))
    }
    sfixed32Field = try fields.map(10, Self.sfixed32FieldEntry) { (entry) throws(CodecError) in
      (entry.bool(0), entry.int32(1))
    }
    sfixed64Field = try fields.map(11, Self.sfixed64FieldEntry) { (entry) throws(CodecError) in
      (try entry.string(0), entry.int64(1))
    }
    boolField = try fields.map(12, Self.boolFieldEntry) { (entry) throws(CodecError) in
      (entry.int32(0), entry.bool(1))
    }
    stringField = try fields.map(13, Self.stringFieldEntry) { (entry) throws(CodecError) in
      (entry.int64(0), try entry.string(1))
    }
    bytesField = try fields.map(14, Self.bytesFieldEntry) { (entry) throws(CodecError) in
      (entry.uint32(0), entry.bytes(1))
    }
    enumerationField = try fields.map(15, Self.enumerationFieldEntry) {
      (entry) throws(CodecError) in
      (entry.uint64(0), entry.enumeration(1))
    }
    node = try fields.map(16, Self.nodeEntry) { (entry) throws(CodecError) in
      (try entry.string(0), try entry.messageOrEmpty(1))
    }
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.map(0, doubleField, Self.doubleFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int32(0, key, mark: 1)
      entry.double(1, value, mark: 1)
    }
    try fields.map(1, floatField, Self.floatFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int64(0, key, mark: 1)
      entry.float(1, value, mark: 1)
    }
    try fields.map(2, int32Field, Self.int32FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint32(0, key, mark: 1)
      entry.int32(1, value, mark: 1)
    }
    try fields.map(3, int64Field, Self.int64FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint64(0, key, mark: 1)
      entry.int64(1, value, mark: 1)
    }
    try fields.map(4, uint32Field, Self.uint32FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int32(0, key, mark: 1)
      entry.uint32(1, value, mark: 1)
    }
    try fields.map(5, uint64Field, Self.uint64FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int64(0, key, mark: 1)
      entry.uint64(1, value, mark: 1)
    }
    try fields.map(6, sint32Field, Self.sint32FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint32(0, key, mark: 1)
      entry.int32(1, value, mark: 1)
    }
    try fields.map(7, sint64Field, Self.sint64FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint64(0, key, mark: 1)
      entry.int64(1, value, mark: 1)
    }
    try fields.map(8, fixed32Field, Self.fixed32FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int32(0, key, mark: 1)
      entry.uint32(1, value, mark: 1)
    }
    try fields.map(9, fixed64Field, Self.fixed64FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int64(0, key, mark: 1)
      entry.uint64(1, value, mark: 1)
    }
    try fields.map(10, sfixed32Field, Self.sfixed32FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.bool(0, key, mark: 1)
      entry.int32(1, value, mark: 1)
    }
    try fields.map(11, sfixed64Field, Self.sfixed64FieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.string(0, key, mark: 1)
      entry.int64(1, value, mark: 1)
    }
    try fields.map(12, boolField, Self.boolFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int32(0, key, mark: 1)
      entry.bool(1, value, mark: 1)
    }
    try fields.map(13, stringField, Self.stringFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.int64(0, key, mark: 1)
      entry.string(1, value, mark: 1)
    }
    try fields.map(14, bytesField, Self.bytesFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint32(0, key, mark: 1)
      entry.bytes(1, value, mark: 1)
    }
    try fields.map(15, enumerationField, Self.enumerationFieldEntry) {
      (entry, key, value) throws(CodecError) in
      entry.uint64(0, key, mark: 1)
      entry.enumeration(1, value, mark: 1)
    }
    try fields.map(16, node, Self.nodeEntry) { (entry, key, value) throws(CodecError) in
      entry.string(0, key, mark: 1)
      try entry.message(1, value)
    }
    fields.unknown(unknownFields)
  }
}

/// A message that holds all the others.
struct CodecRich: Message, Equatable {
  var scalars: CodecScalars?
  var optionals: CodecOptionals?
  var repeated: CodecRepeated?
  var unpacked: CodecUnpacked?
  var choice: CodecChoice?
  var node: CodecNode?
  var maps: CodecMaps?
  var unknownFields = UnknownFields()

  init() {}

  static let layout: MessageLayout = MessageLayout(
    "codec.Rich",
    [
      FieldLayout(1, "scalars", .message { CodecScalars.layout }, .optional),
      FieldLayout(2, "optionals", .message { CodecOptionals.layout }, .optional),
      FieldLayout(3, "repeated", .message { CodecRepeated.layout }, .optional),
      FieldLayout(4, "unpacked", .message { CodecUnpacked.layout }, .optional),
      FieldLayout(5, "choice", .message { CodecChoice.layout }, .optional),
      FieldLayout(6, "node", .message { CodecNode.layout }, .optional),
      FieldLayout(7, "maps", .message { CodecMaps.layout }, .optional),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    scalars = try fields.message(0)
    optionals = try fields.message(1)
    repeated = try fields.message(2)
    unpacked = try fields.message(3)
    choice = try fields.message(4)
    node = try fields.message(5)
    maps = try fields.message(6)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    try fields.message(0, scalars)
    try fields.message(1, optionals)
    try fields.message(2, repeated)
    try fields.message(3, unpacked)
    try fields.message(4, choice)
    try fields.message(5, node)
    try fields.message(6, maps)
    fields.unknown(unknownFields)
  }
}
