import BatonMessages
import Testing

/// A scalar type's field, with one value and zero as they are on the wire.
struct CodecWireField: Sendable, CustomTestStringConvertible {
  let name: String
  let number: UInt32
  let wireType: UInt32
  let value: [UInt8]

  var zero: [UInt8] {
    switch wireType {
    case 1: [UInt8](repeating: 0, count: 8)
    case 5: [UInt8](repeating: 0, count: 4)
    default: [0]
    }
  }
  var tag: [UInt8] { Self.varint(number << 3 | wireType) }
  var isPackable: Bool { wireType != 2 }
  var testDescription: String { name }

  static func varint(_ value: UInt32) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
  }
  /// A field with a length before its bytes.
  static func delimited(_ number: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt32(bytes.count)) + bytes
  }

  /// The fields as ``CodecScalars`` and the others number them.
  static let all = [
    CodecWireField(
      name: "doubleField", number: 1, wireType: 1,
      value: [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
    CodecWireField(
      name: "floatField", number: 2, wireType: 5,
      value: [0, 0, 0x20, 0xc0]),
    CodecWireField(
      name: "int32Field", number: 3, wireType: 0,
      value: [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
    CodecWireField(
      name: "int64Field", number: 4, wireType: 0,
      value: [128, 128, 128, 128, 128, 128, 128, 128, 128, 1]),
    CodecWireField(
      name: "uint32Field", number: 5, wireType: 0,
      value: [255, 255, 255, 255, 15]),
    CodecWireField(
      name: "uint64Field", number: 6, wireType: 0,
      value: [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
    CodecWireField(
      name: "sint32Field", number: 7, wireType: 0,
      value: [255, 255, 255, 255, 15]),
    CodecWireField(
      name: "sint64Field", number: 8, wireType: 0,
      value: [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
    CodecWireField(
      name: "fixed32Field", number: 9, wireType: 5,
      value: [255, 255, 255, 255]),
    CodecWireField(
      name: "fixed64Field", number: 10, wireType: 1,
      value: [1, 0, 0, 0, 0, 0, 0, 0]),
    CodecWireField(
      name: "sfixed32Field", number: 11, wireType: 5,
      value: [255, 255, 255, 255]),
    CodecWireField(
      name: "sfixed64Field", number: 12, wireType: 1,
      value: [0, 0, 0, 0, 0, 0, 0, 128]),
    CodecWireField(
      name: "boolField", number: 13, wireType: 0,
      value: [1]),
    CodecWireField(
      name: "stringField", number: 14, wireType: 2,
      value: [4, 0x61, 0, 0xc3, 0xa9]),
    CodecWireField(
      name: "bytesField", number: 15, wireType: 2,
      value: [2, 0, 255]),
    CodecWireField(
      name: "enumerationField", number: 16, wireType: 0,
      value: [249, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
  ]
}

extension CodecScalars {
  static let sample: CodecScalars = {
    var sample = CodecScalars()
    sample.doubleField = 1.5
    sample.floatField = -2.5
    sample.int32Field = -1
    sample.int64Field = .min
    sample.uint32Field = .max
    sample.uint64Field = .max
    sample.sint32Field = .min
    sample.sint64Field = .min
    sample.fixed32Field = .max
    sample.fixed64Field = 1
    sample.sfixed32Field = -1
    sample.sfixed64Field = .min
    sample.boolField = true
    sample.stringField = "a\0é"
    sample.bytesField = [0, 255]
    sample.enumerationField = .unrecognized(-7)
    return sample
  }()
}

extension CodecOptionals {
  static let sample: CodecOptionals = {
    var sample = CodecOptionals()
    sample.doubleField = 1.5
    sample.floatField = -2.5
    sample.int32Field = -1
    sample.int64Field = .min
    sample.uint32Field = .max
    sample.uint64Field = .max
    sample.sint32Field = .min
    sample.sint64Field = .min
    sample.fixed32Field = .max
    sample.fixed64Field = 1
    sample.sfixed32Field = -1
    sample.sfixed64Field = .min
    sample.boolField = true
    sample.stringField = "a\0é"
    sample.bytesField = [0, 255]
    sample.enumerationField = .unrecognized(-7)
    return sample
  }()

  /// Every field present, and zero or empty.
  static let zero: CodecOptionals = {
    var zero = CodecOptionals()
    zero.doubleField = 0
    zero.floatField = 0
    zero.int32Field = 0
    zero.int64Field = 0
    zero.uint32Field = 0
    zero.uint64Field = 0
    zero.sint32Field = 0
    zero.sint64Field = 0
    zero.fixed32Field = 0
    zero.fixed64Field = 0
    zero.sfixed32Field = 0
    zero.sfixed64Field = 0
    zero.boolField = false
    zero.stringField = ""
    zero.bytesField = []
    zero.enumerationField = .calm
    return zero
  }()
}

extension CodecRepeated {
  static let sample: CodecRepeated = {
    var sample = CodecRepeated()
    sample.doubleField = [1.5, 0]
    sample.floatField = [-2.5, 0]
    sample.int32Field = [-1, 0]
    sample.int64Field = [.min, 0]
    sample.uint32Field = [.max, 0]
    sample.uint64Field = [.max, 0]
    sample.sint32Field = [.min, 0]
    sample.sint64Field = [.min, 0]
    sample.fixed32Field = [.max, 0]
    sample.fixed64Field = [1, 0]
    sample.sfixed32Field = [-1, 0]
    sample.sfixed64Field = [.min, 0]
    sample.boolField = [true, false]
    sample.stringField = ["a\0é", ""]
    sample.bytesField = [[0, 255], []]
    sample.enumerationField = [.unrecognized(-7), .calm]
    return sample
  }()
}

extension CodecUnpacked {
  static let sample: CodecUnpacked = {
    var sample = CodecUnpacked()
    sample.doubleField = [1.5, 0]
    sample.floatField = [-2.5, 0]
    sample.int32Field = [-1, 0]
    sample.int64Field = [.min, 0]
    sample.uint32Field = [.max, 0]
    sample.uint64Field = [.max, 0]
    sample.sint32Field = [.min, 0]
    sample.sint64Field = [.min, 0]
    sample.fixed32Field = [.max, 0]
    sample.fixed64Field = [1, 0]
    sample.sfixed32Field = [-1, 0]
    sample.sfixed64Field = [.min, 0]
    sample.boolField = [true, false]
    sample.stringField = ["a\0é", ""]
    sample.bytesField = [[0, 255], []]
    sample.enumerationField = [.unrecognized(-7), .calm]
    return sample
  }()
}

extension CodecChoice {
  init(_ choice: Choice) {
    self.init()
    self.choice = choice
  }

  /// A member of each scalar type in turn.
  static let samples: [CodecChoice] = [
    CodecChoice(.doubleField(1.5)),
    CodecChoice(.floatField(-2.5)),
    CodecChoice(.int32Field(-1)),
    CodecChoice(.int64Field(.min)),
    CodecChoice(.uint32Field(.max)),
    CodecChoice(.uint64Field(.max)),
    CodecChoice(.sint32Field(.min)),
    CodecChoice(.sint64Field(.min)),
    CodecChoice(.fixed32Field(.max)),
    CodecChoice(.fixed64Field(1)),
    CodecChoice(.sfixed32Field(-1)),
    CodecChoice(.sfixed64Field(.min)),
    CodecChoice(.boolField(true)),
    CodecChoice(.stringField("a\0é")),
    CodecChoice(.bytesField([0, 255])),
    CodecChoice(.enumerationField(.unrecognized(-7))),
  ]
  static let zeros: [CodecChoice] = [
    CodecChoice(.doubleField(0)),
    CodecChoice(.floatField(0)),
    CodecChoice(.int32Field(0)),
    CodecChoice(.int64Field(0)),
    CodecChoice(.uint32Field(0)),
    CodecChoice(.uint64Field(0)),
    CodecChoice(.sint32Field(0)),
    CodecChoice(.sint64Field(0)),
    CodecChoice(.fixed32Field(0)),
    CodecChoice(.fixed64Field(0)),
    CodecChoice(.sfixed32Field(0)),
    CodecChoice(.sfixed64Field(0)),
    CodecChoice(.boolField(false)),
    CodecChoice(.stringField("")),
    CodecChoice(.bytesField([])),
    CodecChoice(.enumerationField(.calm)),
  ]
}

extension CodecMaps {
  static let sample: CodecMaps = {
    var sample = CodecMaps()
    sample.doubleField = [-1: 1.5]
    sample.floatField = [.min: -2.5]
    sample.int32Field = [.max: -1]
    sample.int64Field = [.max: .min]
    sample.uint32Field = [.min: .max]
    sample.uint64Field = [.min: .max]
    sample.sint32Field = [.max: .min]
    sample.sint64Field = [1: .min]
    sample.fixed32Field = [-1: .max]
    sample.fixed64Field = [.min: 1]
    sample.sfixed32Field = [true: -1]
    sample.sfixed64Field = ["a\0é": .min]
    sample.boolField = [-1: true]
    sample.stringField = [.min: "a\0é"]
    sample.bytesField = [.max: [0, 255]]
    sample.enumerationField = [.max: .unrecognized(-7)]
    sample.node = ["n": CodecNode(name: "x")]
    return sample
  }()

  /// The index in ``CodecWireField/all`` of each map's key.
  static let keys = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 2, 3, 4, 5]
}

extension CodecRich {
  static let sample: CodecRich = {
    var sample = CodecRich.withoutMaps
    sample.maps = .sample
    return sample
  }()
  static let withoutMaps: CodecRich = {
    var sample = CodecRich()
    sample.scalars = .sample
    sample.optionals = .zero
    sample.repeated = .sample
    sample.unpacked = .sample
    sample.choice = CodecChoice(.node(CodecNode(name: "chosen", data: [1, 2])))
    sample.node = CodecNode(
      name: "root", child: CodecNode(name: "child"), children: [CodecNode(), CodecNode(name: "é")])
    return sample
  }()
}
