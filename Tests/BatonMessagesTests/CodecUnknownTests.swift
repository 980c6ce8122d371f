import BatonMessages
import Testing

@Suite struct CodecUnknownTests {
  /// Field 536870911, the last there is, with each wire type; a group holds groups.
  private static let unknown: [[UInt8]] = [
    [0xf8, 255, 255, 255, 15, 0x96, 1],
    [0xf9, 255, 255, 255, 15, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xfa, 255, 255, 255, 15, 2, 7, 8],
    [
      0xfb, 255, 255, 255, 15, 0x08, 1, 0x13, 0x1a, 1, 0xff, 0x14, 0x13, 0x14,
      0xfc, 255, 255, 255, 15,
    ],
    [0xfd, 255, 255, 255, 15, 1, 2, 3, 4],
  ]

  @Test(arguments: unknown)
  func `an unknown field of every wire type comes back as it came`(_ field: [UInt8]) throws {
    let node = try CodecNode(decoding: field)
    #expect(node.unknownFields.bytes == field)
    #expect(try node.encoded().bytes == field)
  }

  @Test func `unknown fields keep their order and follow the known ones`() throws {
    let name: [UInt8] = [0x0a, 1, 0x61]
    for known in 0...Self.unknown.count {
      var parts = Self.unknown
      parts.insert(name, at: known)
      let node = try CodecNode(decoding: Array(parts.joined()))
      #expect(node.name == "a")
      #expect(try node.encoded().bytes == name + Self.unknown.joined())
    }
  }

  @Test func `unknown fields between known ones are all kept`() throws {
    let unknown = Self.unknown + Self.unknown
    let child: [UInt8] = [0x1a, 0]
    let bytes: [UInt8] = unknown.flatMap { $0 + child }
    let node = try CodecNode(decoding: bytes)
    #expect(node.children.count == unknown.count)
    #expect(node.unknownFields.bytes == Array(unknown.joined()))
  }

  @Test func `unknown fields stay in the message they came in`() throws {
    let inner: [UInt8] = [0x28, 1]
    let outer: [UInt8] = [0x30, 2]
    let bytes = CodecWireField.delimited(2, inner) + CodecWireField.delimited(3, inner) + outer
    let node = try CodecNode(decoding: bytes)
    #expect(node.child?.unknownFields.bytes == inner)
    #expect(node.children.first?.unknownFields.bytes == inner)
    #expect(node.unknownFields.bytes == outer)
    #expect(try node.encoded().bytes == bytes)
  }

  @Test func `unknown fields of a message that comes twice add up`() throws {
    let node = try CodecNode(decoding: [0x12, 2, 0x28, 1, 0x12, 2, 0x30, 2])
    #expect(node.child?.unknownFields.bytes == [0x28, 1, 0x30, 2])
  }

  @Test(arguments: CodecWireField.all)
  func `a known field with another wire type comes back as unknown`(
    _ field: CodecWireField
  ) throws {
    let values: [(UInt32, [UInt8])] = [
      (0, [1]), (1, [1, 2, 3, 4, 5, 6, 7, 8]), (2, [1, 0x61]), (5, [1, 2, 3, 4]),
      (3, CodecWireField.varint(field.number << 3 | 4)),
    ]
    for (wireType, value) in values where wireType != field.wireType {
      let bytes = CodecWireField.varint(field.number << 3 | wireType) + value
      let singular = try CodecScalars(decoding: bytes)
      var expected = CodecScalars()
      expected.unknownFields = singular.unknownFields
      #expect(singular == expected)
      #expect(try singular.encoded().bytes == bytes)
      #expect(try CodecChoice(decoding: bytes).choice == nil)
      if field.isPackable && wireType == 2 { continue }
      #expect(try CodecRepeated(decoding: bytes).unknownFields.bytes == bytes)
      #expect(try CodecRepeated(decoding: bytes).encoded().bytes == bytes)
    }
  }

  @Test func `a message's field with another wire type comes back as unknown`() throws {
    for bytes: [UInt8] in [[0x10, 1], [0x13, 0x14], [0x15, 1, 2, 3, 4], [0x18, 7]] {
      let node = try CodecNode(decoding: bytes)
      #expect(node.child == nil)
      #expect(node.children == [])
      #expect(try node.encoded().bytes == bytes)
    }
  }

  @Test func `a member with another wire type leaves the oneof as it is`() throws {
    let choice = try CodecChoice(decoding: [0x68, 1, 0x70, 5])
    #expect(choice.choice == .boolField(true))
    #expect(choice.unknownFields.bytes == [0x70, 5])
  }

  // MARK: Malformed

  private static let malformed: [(bytes: [UInt8], message: String, path: String, offset: Int)] = [
    ([0x00, 0], "expected a tag with a field number from 1 to 536870911", "", 0),
    ([0x07], "expected a tag with a field number from 1 to 536870911", "", 0),
    (
      [0xf8, 255, 255, 255, 31, 0], "expected a tag with a field number from 1 to 536870911", "", 0
    ),
    (
      [0x88, 128, 128, 128, 128, 0], "expected a tag with a field number from 1 to 536870911", "", 0
    ),
    ([0x80], "the message ends inside the field", "", 0),
    ([0x28, 1, 0x2e], "expected a wire type from 0 to 5", "5", 2),
    ([0x0f], "expected a wire type from 0 to 5", "name", 0),
    ([0x2c], "expected the end of the group that was begun", "5", 0),
    ([0x2b, 0x34], "expected the end of the group that was begun", "5", 1),
    ([0x2b, 0x08, 1], "the message ends inside the field", "5", 0),
    ([0x28], "the message ends inside the field", "5", 0),
    (
      [0x28] + [UInt8](repeating: 0xff, count: 10), "expected a varint of at most 10 bytes", "5", 0
    ),
    ([0x29, 1, 2, 3, 4, 5, 6, 7], "the message ends inside the field", "5", 0),
    ([0x2d, 1, 2, 3], "the message ends inside the field", "5", 0),
    ([0x2a, 2, 1], "the message ends inside the field", "5", 0),
    ([0x0a, 128, 128, 128, 128, 8], "expected a length of at most 2147483647", "name", 0),
    ([0x0a, 255, 255, 255, 255, 255, 1], "expected a length of at most 2147483647", "name", 0),
    ([0x0a, 255, 255, 255, 255, 7], "the message ends inside the field", "name", 0),
    ([0x12, 2, 0x0a, 1, 0x61], "the message ends inside the field", "child.name", 2),
    (
      [0x1a, 0, 0x1a, 4, 0x12, 2, 0x22, 1], "the message ends inside the field",
      "children[1].child.data", 6
    ),
  ]

  @Test func `what is malformed is refused with its place and the reason`() {
    for (bytes, message, path, offset) in Self.malformed {
      #expect(throws: CodecError(.malformed, message, path: path, offset: offset)) {
        try CodecNode(decoding: bytes)
      }
    }
  }

  @Test func `a packed field that ends within an element names the element`() {
    let message = "the packed field does not end with a whole element"
    for (bytes, path, offset): ([UInt8], String, Int) in [
      ([0x1a, 3, 1, 2, 128], "int32Field[2]", 4),
      ([0x1a, 1, 128], "int32Field[0]", 2),
      ([0x4a, 5, 1, 0, 0, 0, 2], "fixed32Field[1]", 6),
      ([0x0a, 7, 0, 0, 0, 0, 0, 0, 0], "doubleField[0]", 2),
      ([0x18, 9, 0x1a, 2, 1, 128], "int32Field[2]", 5),
      ([0x1a, 11] + [UInt8](repeating: 255, count: 11), "int32Field[0]", 2),
    ] {
      #expect(throws: CodecError(.malformed, message, path: path, offset: offset)) {
        try CodecRepeated(decoding: bytes)
      }
    }
  }

  // MARK: UTF-8

  private static let notUTF8: [[UInt8]] = [
    [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80],
    [0xe0, 0x9f, 0xbf], [0xe2, 0x82], [0xe2, 0x82, 0x28], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
    [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x9f, 0x98],
    [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff],
  ]

  @Test(arguments: notUTF8)
  func `a string that is not UTF-8 is refused at its first wrong byte`(_ bad: [UInt8]) throws {
    for prefix in ["", "a", "é", "😀€", "0123456", "01234567", "0123456789abcdefé"] {
      let text = Array(prefix.utf8) + bad
      let error = CodecError(
        .invalidUTF8, "expected UTF-8", path: "name", offset: 2 + prefix.utf8.count)
      #expect(throws: error) { try CodecNode(decoding: CodecWireField.delimited(1, text)) }
      #expect(try CodecNode(decoding: CodecWireField.delimited(4, text)).data == text)
    }
  }

  @Test func `the ends of every range of UTF-8 are read`() throws {
    let text = "\0\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}"
    #expect(try CodecNode(decoding: CodecNode(name: text).encoded().bytes).name == text)
  }

  @Test func `a string that is not UTF-8 is named by its path, wherever it is`() throws {
    func refusal<M: Message>(_ type: M.Type, _ bytes: [UInt8]) -> CodecError? {
      #expect(throws: CodecError.self) { try M(decoding: bytes) }
    }
    func error(_ path: String, _ offset: Int) -> CodecError {
      CodecError(.invalidUTF8, "expected UTF-8", path: path, offset: offset)
    }
    let bad: [UInt8] = [0x0a, 2, 0x61, 0xff]
    let children = CodecWireField.delimited(3, []) + CodecWireField.delimited(3, bad)
    #expect(refusal(CodecNode.self, children) == error("children[1].name", 7))
    #expect(
      refusal(CodecNode.self, CodecWireField.delimited(2, children))
        == error("child.children[1].name", 9))
    #expect(
      refusal(CodecRepeated.self, [0x72, 0, 0x72, 1, 0xff]) == error("stringField[1]", 4))
    #expect(refusal(CodecChoice.self, [0x72, 1, 0xff]) == error("stringField", 2))
    #expect(
      refusal(CodecChoice.self, CodecWireField.delimited(17, bad)) == error("node.name", 6))
    #expect(
      refusal(CodecMaps.self, CodecWireField.delimited(17, bad)) == error("node[0].key", 6))
    #expect(
      refusal(CodecMaps.self, CodecWireField.delimited(17, CodecWireField.delimited(2, bad)))
        == error("node[0].value.name", 8))
  }
}
