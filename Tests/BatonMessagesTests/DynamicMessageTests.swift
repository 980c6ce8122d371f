import BatonMessages
import SystemPackage
import Testing

@Suite struct DynamicMessageTests {
  static let schema = """
    enum Colour { RED = 0; GREEN = 1; }
    message All {
      double f_double = 1; float f_float = 2; int32 f_int32 = 3; int64 f_int64 = 4;
      uint32 f_uint32 = 5; uint64 f_uint64 = 6; sint32 f_sint32 = 7; sint64 f_sint64 = 8;
      fixed32 f_fixed32 = 9; fixed64 f_fixed64 = 10; sfixed32 f_sfixed32 = 11;
      sfixed64 f_sfixed64 = 12; bool f_bool = 13; string f_string = 14; bytes f_bytes = 15;
      Colour f_colour = 16; All f_message = 17; optional int32 f_optional = 18;
      repeated double r_double = 21; repeated float r_float = 22; repeated int32 r_int32 = 23;
      repeated int64 r_int64 = 24; repeated uint32 r_uint32 = 25; repeated uint64 r_uint64 = 26;
      repeated bool r_bool = 27; repeated string r_string = 28; repeated bytes r_bytes = 29;
      repeated Colour r_colour = 30; repeated All r_message = 31;
      repeated int32 r_unpacked = 32 [packed = false];
      map<string, All> m_message = 41; map<int32, string> m_int32 = 42; map<bool, bool> m_bool = 43;
      map<uint64, Colour> m_uint64 = 44; map<sint64, double> m_sint64 = 45;
      map<fixed32, bytes> m_fixed32 = 46;
      oneof choice { string o_string = 51; All o_message = 52; int32 o_int32 = 53; }
    }
    message Files {
      uint32 file = 1 [(baton.descriptor) = {}];
      repeated uint32 more = 2 [(baton.descriptor) = {}];
      map<string, uint32> named = 3 [(baton.descriptor) = {}];
      repeated Files inner = 4;
      oneof one { uint32 chosen = 5 [(baton.descriptor) = {}]; string text = 6; }
    }
    message Needy { uint32 file = 1 [(baton.descriptor) = {required: true}]; }
    """
  let pool: SchemaPool
  let all: MessageType

  init() throws {
    pool = try SchemaPoolSource.pool(Self.schema)
    all = try #require(pool.message("test.All"))
  }

  private func roundTrip(_ message: DynamicMessage) throws -> DynamicMessage {
    try DynamicMessage(decoding: message.encoded().bytes, type: message.type)
  }

  /// A value other than zero for every field.
  private func full() throws -> DynamicMessage {
    var message = try DynamicMessage(all)
    var inner = try DynamicMessage(all)
    try inner.set("f_string", to: .string("inner"))
    let values: [(String, DynamicValue)] = [
      ("f_double", .double(-0.0)), ("f_float", .float(1.5)), ("f_int32", .int32(-1)),
      ("f_int64", .int64(.min)), ("f_uint32", .uint32(.max)), ("f_uint64", .uint64(.max)),
      ("f_sint32", .int32(.min)), ("f_sint64", .int64(.min)), ("f_fixed32", .uint32(7)),
      ("f_fixed64", .uint64(8)), ("f_sfixed32", .int32(-9)), ("f_sfixed64", .int64(-10)),
      ("f_bool", .bool(true)), ("f_string", .string("a\0b")), ("f_bytes", .bytes([0, 255])),
      ("f_colour", .enumeration(99)), ("f_message", .message(inner)), ("f_optional", .int32(0)),
      ("r_double", .list([.double(0), .double(1)])), ("r_float", .list([.float(0)])),
      ("r_int32", .list([.int32(0), .int32(-1)])), ("r_int64", .list([.int64(5)])),
      ("r_uint32", .list([.uint32(5)])), ("r_uint64", .list([.uint64(5)])),
      ("r_bool", .list([.bool(false), .bool(true)])), ("r_string", .list([.string("")])),
      ("r_bytes", .list([.bytes([1]), .bytes([])])), ("r_colour", .list([.enumeration(-1)])),
      ("r_message", .list([.message(inner), .message(try DynamicMessage(all))])),
      ("r_unpacked", .list([.int32(1), .int32(2)])),
      ("m_message", .map([.string("k"): .message(inner)])),
      ("m_int32", .map([.int32(-1): .string("x"), .int32(0): .string("")])),
      ("m_bool", .map([.bool(false): .bool(true)])),
      ("m_uint64", .map([.uint64(.max): .enumeration(1)])),
      ("m_sint64", .map([.int64(-2): .double(2)])),
      ("m_fixed32", .map([.uint32(3): .bytes([3])])), ("o_message", .message(inner)),
    ]
    for (name, value) in values { try message.set(name, to: value) }
    #expect(message.fields.count == all.fields.count - 2)
    return message
  }

  @Test func `every type of field survives the wire`() throws {
    let message = try full()
    let again = try roundTrip(message)
    #expect(try again.encoded().bytes == message.encoded().bytes)
    #expect(again.fields.map(\.field.name) == message.fields.map(\.field.name))
    #expect(again["f_string"]?.stringValue == "a\0b")
    #expect(again["f_double"]?.doubleValue?.sign == .minus)
    #expect(again["f_colour"]?.enumerationValue == 99)
    #expect(again["f_sint64"]?.int64Value == .min)
    #expect(again["m_int32"]?.mapValue?[.int32(-1)]?.stringValue == "x")
    #expect(again["o_message"]?.messageValue?["f_string"]?.stringValue == "inner")
    #expect(again["o_string"] == nil)
  }

  @Test func `bytes are those of the specification`() throws {
    var message = try DynamicMessage(all)
    try message.set("f_int32", to: .int32(150))
    try message.set("r_int32", to: .list([.int32(3), .int32(270)]))
    try message.set("r_unpacked", to: .list([.int32(1), .int32(2)]))
    try message.set("o_string", to: .string(""))
    #expect(
      try message.encoded().bytes == [
        0x18, 0x96, 0x01, 0xba, 0x01, 0x03, 0x03, 0x8e, 0x02, 0x80, 0x02, 1, 0x80, 0x02, 2, 0x9a,
        0x03, 0,
      ])
  }

  @Test func `absent fields are zero, empty or nothing by their presence`() throws {
    let message = try DynamicMessage(all)
    #expect(message["f_int32"]?.int32Value == 0)
    #expect(message["f_string"]?.stringValue == "")
    #expect(message["r_int32"]?.listValue?.isEmpty == true)
    #expect(message["m_bool"]?.mapValue?.isEmpty == true)
    #expect(message["f_optional"] == nil)
    #expect(message["f_message"] == nil)
    #expect(message["o_int32"] == nil)
    #expect(message["no_such_field"] == nil)
    #expect(try message.encoded().bytes.isEmpty)
  }

  @Test func `zero clears a field without presence and stays in one with`() throws {
    var message = try DynamicMessage(all)
    try message.set("f_int32", to: .int32(1))
    try message.set("f_int32", to: .int32(0))
    try message.set("f_optional", to: .int32(0))
    #expect(message.fields.map(\.field.name) == ["f_optional"])
    #expect(try roundTrip(message)["f_optional"]?.int32Value == 0)
    try message.set("f_optional", to: nil)
    #expect(message.fields.isEmpty)
  }

  @Test func `a oneof holds one member`() throws {
    var message = try DynamicMessage(all)
    try message.set("o_string", to: .string("a"))
    try message.set("o_int32", to: .int32(0))
    #expect(message["o_string"] == nil)
    #expect(try roundTrip(message)["o_int32"]?.int32Value == 0)
  }

  @Test func `a value must be of its field's type`() throws {
    var message = try DynamicMessage(all)
    let error = { (name: String, value: DynamicValue) in
      var copy = message
      return SchemaPoolSource.error { try copy.set(name, to: value) }?.description
    }
    #expect(error("f_int32", .int64(1)) == "f_int32: expected int32, got int64")
    #expect(error("r_int32", .int32(1)) == "r_int32: expected a list of int32, got int32")
    #expect(error("r_int32", .list([.bool(true)])) == "r_int32: expected a list of int32, got list")
    #expect(
      error("m_message", .map([.int32(1): .bool(true)]))
        == "m_message: expected a map from string to test.All, got map")
    #expect(error("nothing", .int32(1)) == "test.All has no field \"nothing\"")
    let other = try DynamicMessage(try #require(pool.message("test.Files")))
    #expect(error("f_message", .message(other)) == "f_message: expected test.All, got test.Files")
    try message.set("fInt32", to: .int32(4))
    #expect(message["f_int32"]?.int32Value == 4)
  }

  @Test func `unknown fields are kept`() throws {
    let bytes: [UInt8] = [0xc2, 0x3e, 1, 9]
    #expect(try DynamicMessage(decoding: bytes, type: all).encoded().bytes == bytes)
  }

  @Test func `a map entry without key or value has zeros`() throws {
    let message = try DynamicMessage(decoding: [0xca, 2, 0, 0xd2, 2, 0], type: all)
    #expect(message["m_message"]?.mapValue?[.string("")]?.messageValue?.fields.isEmpty == true)
    #expect(message["m_int32"]?.mapValue?[.int32(0)]?.stringValue == "")
  }

  @Test func `errors name the field's path`() throws {
    let bad = SchemaPoolSource.error {
      _ = try DynamicMessage(decoding: [0x8a, 1, 3, 0x72, 1, 0xff], type: self.all)
    }
    #expect(bad?.kind == .invalidUTF8)
    #expect(bad?.path == "f_message.f_string")
    #expect(bad?.offset == 5)
  }

  // MARK: Paths

  @Test func `a path leads to a value`() throws {
    let message = try full()
    let at = { (path: String) in try message.value(at: FieldPath(path)) }
    #expect(try at("f_message.f_string")?.stringValue == "inner")
    #expect(try at("r_message[0].fString")?.stringValue == "inner")
    #expect(try at("r_message[2].f_string") == nil)
    #expect(try at("m_message[k].f_string")?.stringValue == "inner")
    #expect(try at("m_message[\"k\"].f_string")?.stringValue == "inner")
    #expect(try at("m_message[x].f_string") == nil)
    #expect(try at("m_int32[-1]")?.stringValue == "x")
    #expect(try at("m_bool[false]")?.boolValue == true)
    #expect(try at("o_message.f_message.f_string") == nil)
    #expect(try at("r_int32")?.listValue?.count == 2)
  }

  @Test func `a path that does not fit says what there is`() throws {
    let message = try DynamicMessage(try #require(pool.message("test.Files")))
    let error = { (path: String) in
      SchemaPoolSource.error { _ = try message.value(at: FieldPath(path)) }?.message
    }
    #expect(
      error("flie")
        == "test.Files has no field \"flie\"; it has file, more, named, inner, chosen, text"
    )
    #expect(error("inner.file") == "expected an element, inner[…], got the field")
    #expect(error("file.size") == "file has no fields")
    #expect(error("file[0]") == "file has no element \"0\"")
    #expect(error("more[a]") == "more has no element \"a\"")
    #expect(error("more[-1]") == "more has no element \"-1\"")
    #expect(error("inner[0][0]") == "inner has no element \"0\"")
  }

  @Test(arguments: [
    "", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[\"b]", "a[0]b", "a[\"b\"c]",
    "a[\"\\x\"]", "a[\"\\u{110000}\"]",
  ])
  func `what is not a path is refused`(text: String) {
    #expect(throws: CodecError.self) { try FieldPath(text) }
  }

  @Test func `a path survives being written`() throws {
    for text in [
      "a", "a.b", "a[1].b", "a[\"x]y\"]", "a[\"q\\\"\\\\\"].c", "a[\"\\u{1b}\\u{9b}é\"]",
    ] {
      #expect(try FieldPath(text).description == text)
    }
  }

  /// A message whose `count` fields are each alone in a oneof, or `optional`, and all set.
  private func full(_ count: Int32, oneofs: Bool) throws -> DynamicMessage {
    let numbers = (1...count).filter { !(19_000...19_999 ~= $0) }
    let fields = numbers.map { number in
      FieldDescriptorProto(
        name: "f\(number)", number: number, label: .optional, type: .int32,
        oneofIndex: number - 1, proto3Optional: !oneofs)
    }
    let pool = try SchemaPoolSource.pool(messages: [
      DescriptorProto(
        name: "M", field: fields,
        oneofDecl: numbers.map { OneofDescriptorProto(name: "o\($0)") })
    ])
    let json = fields.map { "\"\($0.name ?? "")\": 1" }.joined(separator: ", ")
    return try DynamicMessage(json: "{\(json)}", type: try #require(pool.message("hand.M")))
  }

  @Test func `a field in each of thousands of oneofs costs no more than as many optional ones`()
    throws
  {
    func reads(_ message: DynamicMessage) throws -> Duration {
      let bytes = try message.encoded().bytes
      return try threadTime {
        var again = try DynamicMessage(decoding: bytes, type: message.type)
        #expect(again.fields.count == 8000)
        for field in message.type.fields { try again.set(field.name, to: .int32(2)) }
      }
    }
    let optional = try reads(full(8000, oneofs: false))
    #expect(try reads(full(8000, oneofs: true)) < optional * 20)
  }

  @Test func `a descriptor's contract is found as fast among thousands as among few`() throws {
    func reads(_ count: Int32) throws -> Duration {
      var option = SchemaDescriptor()
      option.access = .read
      let options = FieldOptions(descriptor: option)
      let fields = (1...count).map { number in
        FieldDescriptorProto(
          name: "f\(number)", number: number, label: .optional, type: .uint32, options: options)
      }
      let pool = try SchemaPoolSource.pool(messages: [DescriptorProto(name: "M", field: fields)])
      let type = try #require(pool.message("hand.M"))
      return try threadTime {
        for _ in 0..<(8000 / count) { _ = try DynamicMessage(decoding: [], type: type) }
      }
    }
    let few = try reads(80)
    #expect(try reads(8000) < few * 20)
  }
}
