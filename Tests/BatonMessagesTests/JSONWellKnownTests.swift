import BatonMessages
import Testing

@Suite struct JSONWellKnownTests {
  let pool: SchemaPool

  init() throws {
    pool = try SchemaPoolSource.pool(
      """
      import "google/protobuf/any.proto";
      import "google/protobuf/duration.proto";
      import "google/protobuf/field_mask.proto";
      import "google/protobuf/struct.proto";
      import "google/protobuf/timestamp.proto";
      import "google/protobuf/wrappers.proto";
      import "google/protobuf/empty.proto";
      message M {
        google.protobuf.Any any = 1; google.protobuf.Duration duration = 2;
        google.protobuf.FieldMask mask = 3; google.protobuf.Struct struct = 4;
        google.protobuf.Value value = 5; google.protobuf.ListValue list = 6;
        google.protobuf.Timestamp time = 7; google.protobuf.NullValue null = 8;
        google.protobuf.BoolValue bool = 9; google.protobuf.Int64Value int64 = 10;
        google.protobuf.BytesValue bytes = 11; google.protobuf.FloatValue float = 12;
        repeated google.protobuf.Value values = 13;
        repeated google.protobuf.StringValue strings = 14;
        oneof choice { google.protobuf.NullValue chosen = 15; }
        google.protobuf.Empty empty = 16; uint32 file = 17 [(baton.descriptor) = {}];
      }
      """)
  }

  private func message(_ json: String, _ name: String = "test.M") throws -> DynamicMessage {
    try DynamicMessage(json: json, type: try #require(pool.message(name)))
  }
  private func error(_ json: String) -> String? {
    SchemaPoolSource.error { _ = try message(json) }?.message
  }

  @Test(arguments: [
    #"{"duration":"0s"}"#, #"{"duration":"-0.500s"}"#, #"{"duration":"1.000001s"}"#,
    #"{"duration":"-315576000000.999999999s"}"#, #"{"mask":"a,bC.dE,f1"}"#, #"{"mask":""}"#,
    #"{"struct":{"a":null,"b":[1,{"c":"d"}]}}"#, #"{"value":null}"#, #"{"value":[[],{},null]}"#,
    #"{"list":[1,"a",null,true]}"#, #"{"bool":false}"#, #"{"int64":"0"}"#, #"{"bytes":"AQI="}"#,
    #"{"float":"NaN"}"#, #"{"values":[null,1]}"#, #"{"strings":["","a"]}"#, #"{"chosen":null}"#,
    #"{"empty":{}}"#, #"{"null":7}"#, #"{"any":{}}"#,
    #"{"time":"0001-01-01T00:00:00Z"}"#, #"{"time":"9999-12-31T23:59:59.999999999Z"}"#,
    #"{"time":"1970-01-01T00:00:00.010Z"}"#, #"{"time":"2000-02-29T12:34:56.000001Z"}"#,
    #"{"time":"1900-03-01T00:00:00Z"}"#, #"{"time":"1999-12-31T23:59:59Z"}"#,
    #"{"any":{"@type":"a/test.M","bool":true}}"#, #"{"any":{"@type":"a/google.protobuf.Empty"}}"#,
    #"{"any":{"@type":"a/google.protobuf.Duration","value":"1.500s"}}"#,
    #"{"any":{"@type":"a/google.protobuf.Any","value":{"@type":"b/test.M"}}}"#,
    #"{"any":{"@type":"a/google.protobuf.Value","value":null}}"#,
  ])
  func `canonical JSON comes back as it was, over the wire too`(json: String) throws {
    let read = try message(json)
    #expect(try read.json() == json)
    let again = try DynamicMessage(decoding: read.encoded().bytes, type: read.type)
    #expect(try again.json() == json)
  }

  @Test(arguments: [
    (#"{"time":"1970-01-01T08:00:01+08:00"}"#, #"{"time":"1970-01-01T00:00:01Z"}"#),
    (#"{"time":"1969-12-31T15:59:59.5-08:00"}"#, #"{"time":"1969-12-31T23:59:59.500Z"}"#),
    (#"{"duration":"1.5s"}"#, #"{"duration":"1.500s"}"#),
    (#"{"any":{"bool":true,"@type":"a/test.M"}}"#, #"{"any":{"@type":"a/test.M","bool":true}}"#),
    (#"{"null":null}"#, "{}"), (#"{"null":"NULL_VALUE"}"#, "{}"), (#"{"bool":null}"#, "{}"),
    (#"{"chosen":"NULL_VALUE"}"#, #"{"chosen":null}"#), (#"{"chosen":0}"#, #"{"chosen":null}"#),
  ])
  func `other forms are read too`(json: String, canonical: String) throws {
    #expect(try message(json).json() == canonical)
  }

  @Test(arguments: [
    "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z",
    "1970-01-01t00:00:00Z", "1970-01-01T00:00:00z", "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
    "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-01T24:00:00Z",
    "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.Z",
    "1970-01-01T00:00:00.1234567890Z", "0001-01-01T00:00:00+00:01", "1970-01-01T00:00:00+24:00",
    "9999-12-31T23:59:59-00:01", "1970-01-01T00:00:00Z ", "-970-01-01T00:00:00Z", "",
    "１970-01-01T00:00:00Z",
  ])
  func `what is no timestamp is refused`(text: String) {
    #expect(
      error("{\"time\":\"\(text)\"}")
        == "line 1, column 9: expected a time such as \"2025-01-31T12:00:00.5Z\" "
        + "in the years 1 to 9999, got \"\(text)\"")
  }

  @Test(arguments: [
    "1", "s", "1.s", ".5s", "+1s", "--1s", "1.0000000001s", "315576000001s", "-315576000001s",
    "1 s", "1S", "", "99999999999999999999s",
  ])
  func `what is no duration is refused`(text: String) {
    #expect(
      error("{\"duration\":\"\(text)\"}")
        == "line 1, column 13: expected a duration such as \"1.5s\" of at most 315576000000 "
        + "seconds, got \"\(text)\"")
  }

  @Test(arguments: ["a_b", "a,,b", ",", "a,"])
  func `what is no field mask is refused`(text: String) {
    #expect(error("{\"mask\":\"\(text)\"}")?.contains("in lowerCamelCase") == true)
  }

  @Test func `values without a JSON form are errors`() throws {
    let cases: [(type: String, bytes: [UInt8])] = [
      ("Timestamp", [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
      ("Timestamp", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      ("Timestamp", [0x10, 0x80, 0x94, 0xeb, 0xdc, 0x03]),
      ("Duration", [0x08, 1, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
      ("Duration", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      ("FieldMask", [0x0a, 1, 0x41]), ("FieldMask", [0x0a, 3, 0x61, 0x5f, 0x31]),
      ("FieldMask", [0x0a, 4, 0x61, 0x5f, 0x5f, 0x62]), ("FieldMask", [0x0a, 2, 0x61, 0x5f]),
      ("FieldMask", [0x0a, 3, 0x61, 0x2c, 0x62]), ("Value", []),
      ("Value", [0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]), ("Any", [0x0a, 1, 0x61]),
      ("Any", [0x0a, 3, 0x61, 0x2f, 0x62]), ("Any", [0x12, 1, 0]),
    ]
    for (type, bytes) in cases {
      let message = try DynamicMessage(
        decoding: bytes, type: try #require(pool.message("google.protobuf.\(type)")))
      #expect(SchemaPoolSource.error { _ = try message.json() }?.kind == .json, "\(type) \(bytes)")
    }
  }

  @Test(arguments: [
    (#"{"any":{"a":1}}"#, #"line 1, column 8: expected "@type" beside the fields"#),
    (#"{"any":1}"#, #"line 1, column 8: expected an object with "@type", got 1"#),
    (
      #"{"any":{"@type":"test.M"}}"#,
      #"line 1, column 17: expected a URL that ends in a slash and a known type, got "test.M""#
    ),
    (
      #"{"any":{"@type":"a/Z"}}"#,
      #"line 1, column 17: expected a URL that ends in a slash and a known type, got "a/Z""#
    ),
    (
      #"{"any":{"@type":"a/google.protobuf.Duration","value":"1s","x":1}}"#,
      #"line 1, column 8: expected "@type" and "value", as google.protobuf.Duration is no object"#
    ),
    (
      #"{"any":{"@type":"a/test.M","x":1}}"#,
      #"line 1, column 28: test.M has no field "x"; it has any, duration, mask, struct, value, list, time, null, bool, int64, bytes, float, values, strings, chosen, empty, file"#
    ),
    (#"{"bool":1}"#, "line 1, column 9: expected true or false, got 1"),
    (#"{"struct":[]}"#, "line 1, column 11: expected an object, got an array"),
    (#"{"list":{}}"#, "line 1, column 9: expected an array, got an object"),
    (#"{"strings":[null]}"#, "line 1, column 13: expected a string, got null"),
    (
      #"{"value":1e999}"#,
      "line 1, column 10: expected a number of at most 1.7976931348623157e+308, got 1e999"
    ),
  ])
  func `what does not fit is answered with its place`(json: String, message: String) {
    #expect(error(json) == message)
  }

  @Test func `a generated message is printed by its schema`() throws {
    let pool = try SchemaPool([GoogleProtobufTypeSchema.file])
    let type = try #require(pool.message("google.protobuf.EnumValue"))
    let value = ProtoEnumValue(name: "A", number: 3)
    #expect(try DynamicMessage(value, type: type).json() == #"{"name":"A","number":3}"#)
    let other = try #require(pool.message("google.protobuf.Any"))
    #expect(
      SchemaPoolSource.error { _ = try DynamicMessage(value, type: other) }?.message
        == "expected a google.protobuf.Any, got a google.protobuf.EnumValue")
  }

  @Test func `messages inside Any are levels too`() throws {
    let any = try #require(pool.message("google.protobuf.Any"))
    var message = try DynamicMessage(any)
    for _ in 0..<300 {
      var outer = try DynamicMessage(any)
      try outer.set("type_url", to: .string("a/google.protobuf.Any"))
      try outer.set("value", to: .bytes(message.encoded().bytes))
      message = outer
    }
    #expect(
      SchemaPoolSource.error { _ = try message.json() }?.message
        == "expected at most 256 levels of messages")
  }

  /// `levels` messages in Any, the innermost of which has a mask of `paths`.
  private func nested(_ levels: Int, paths: Int) throws -> DynamicMessage {
    let any = try #require(pool.message("google.protobuf.Any"))
    var inner = try DynamicMessage(try #require(pool.message("google.protobuf.FieldMask")))
    try inner.set("paths", to: .list(Array(repeating: .string("abcdefgh"), count: paths)))
    for _ in 0..<levels {
      var outer = try DynamicMessage(any)
      try outer.set("type_url", to: .string("a/\(inner.type.name)"))
      try outer.set("value", to: .bytes(try inner.encoded().bytes))
      inner = outer
    }
    var message = try DynamicMessage(try #require(pool.message("test.M")))
    try message.set("any", to: .message(inner))
    return message
  }

  @Test func `bytes inside Any are counted at every level`() throws {
    let message = try nested(20, paths: 100)
    let limits = CodecLimits(size: 20_000)
    #expect(try nested(2, paths: 100).json(JSONEncodingOptions(anyLimits: limits)).count > 800)
    #expect(try message.json().count > 800)
    let error = #expect(throws: CodecError.self) {
      try message.json(JSONEncodingOptions(anyLimits: limits))
    }
    #expect(error?.kind == .limit)
    #expect(
      error?.description
        == "any: the google.protobuf.Any inside cannot be read: "
        + "expected at most 20000 bytes in all of google.protobuf.Any together")
  }

  @Test func `elements inside Any are counted together`() throws {
    var list = try DynamicMessage(try #require(pool.message("test.M")))
    let values = try DynamicMessage(
      json: #"{"values": [{}, {}, {}, {}, {}]}"#, type: list.type)
    var inner = try DynamicMessage(try #require(pool.message("google.protobuf.Any")))
    try inner.set("type_url", to: .string("a/test.M"))
    try inner.set("value", to: .bytes(try values.encoded().bytes))
    try list.set("any", to: .message(inner))
    #expect(try list.json(JSONEncodingOptions(anyLimits: CodecLimits(elements: 15))).count > 20)
    for elements in [4, 14] {
      let error = #expect(throws: CodecError.self) {
        try list.json(JSONEncodingOptions(anyLimits: CodecLimits(elements: elements)))
      }
      #expect(error?.kind == .limit)
      #expect(error?.path == "any")
    }
  }
}
