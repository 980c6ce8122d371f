import BatonMessages
import Testing

@Suite struct JSONMappingTests {
  let pool: SchemaPool
  let all: MessageType

  init() throws {
    pool = try SchemaPoolSource.pool(DynamicMessageTests.schema)
    all = try #require(pool.message("test.All"))
  }

  private func message(
    _ json: String, ignoreUnknown: Bool = false
  ) throws(CodecError) -> DynamicMessage {
    try DynamicMessage(
      json: json, type: all, options: JSONDecodingOptions(ignoreUnknownFields: ignoreUnknown))
  }
  private func again(_ json: String) throws -> String { try message(json).json() }
  private func error(_ json: String) -> String? {
    SchemaPoolSource.error { _ = try message(json) }?.description
  }

  @Test func `every type of field has its canonical form`() throws {
    let json = """
      {"fDouble":-0.0,"fFloat":0.1,"fInt32":-2147483648,"fInt64":"-9223372036854775808",\
      "fUint32":4294967295,"fUint64":"18446744073709551615","fSint32":-1,"fSint64":"-1",\
      "fFixed32":7,"fFixed64":"8","fSfixed32":-9,"fSfixed64":"-10","fBool":true,\
      "fString":"a\\u0000b","fBytes":"AP8=","fColour":"GREEN","fMessage":{"fColour":7},\
      "fOptional":0,"rDouble":["NaN","Infinity","-Infinity"],"rFloat":["NaN",1e-45],\
      "rBool":[false],"rColour":["RED",-1],"rMessage":[{},{"fInt32":1}],\
      "mMessage":{"":{},"k":{"fInt32":1}},"mInt32":{"-1":"a","2":"b"},\
      "mBool":{"false":true,"true":false},"mUint64":{"18446744073709551615":"GREEN"},\
      "mSint64":{"-5":0.5},"mFixed32":{"3":"AA=="},"oInt32":0}
      """
    #expect(try again(json) == json)
    let decoded = try DynamicMessage(decoding: message(json).encoded().bytes, type: all)
    #expect(try decoded.json() == json)
  }

  @Test func `other forms are read too`() throws {
    #expect(
      try again(#"{"f_int32": "1e2", "f_int64": 100.0}"#) == #"{"fInt32":100,"fInt64":"100"}"#)
    #expect(
      try again(#"{"fUint64": 18446744073709551615}"#) == #"{"fUint64":"18446744073709551615"}"#)
    #expect(
      try again(#"{"fUint64": 1844674407370955161.5e1}"#) == #"{"fUint64":"18446744073709551615"}"#)
    #expect(try again(#"{"fInt32": 0e999999999999999999999}"#) == "{}")
    #expect(try again(#"{"fInt32": -0, "fUint32": -0}"#) == "{}")
    #expect(
      try again(#"{"fDouble": "1.5", "fFloat": "-Infinity"}"#)
        == #"{"fDouble":1.5,"fFloat":"-Infinity"}"#)
    #expect(try again(#"{"fColour": 1}"#) == #"{"fColour":"GREEN"}"#)
    #expect(
      try again(
        #"{"rBytes": ["-_8", "+/8=", "-_8=", "AA", "A", ""]}"#.replacing("\"A\", ", with: ""))
        == #"{"rBytes":["+/8=","+/8=","+/8=","AA==",""]}"#)
    #expect(try again(#"{"mInt32": {"\u0031": "x"}}"#) == #"{"mInt32":{"1":"x"}}"#)
  }

  @Test func `null leaves a field unset`() throws {
    let names = all.fields.map { "\"\($0.jsonName)\": null" }.joined(separator: ", ")
    #expect(try message("{\(names)}").fields.isEmpty)
    #expect(try again(#"{"oString": "a", "oInt32": null}"#) == #"{"oString":"a"}"#)
    #expect(error(#"{"rInt32": [null]}"#)?.hasPrefix("rInt32[0]: ") == false)
    #expect(
      error(#"{"rMessage": [null]}"#)
        == "r_message[0]: line 1, column 15: expected an object for test.All, got null (at byte 14)"
    )
    #expect(
      error(#"{"mInt32": {"1": null}}"#)
        == "m_int32[1]: line 1, column 18: expected a string, got null (at byte 17)")
    #expect(
      error("null") == "line 1, column 1: expected an object for test.All, got null (at byte 0)")
  }

  @Test(arguments: [
    (
      #"{"fInt32": 2147483648}"#,
      "f_int32: line 1, column 12: expected an integer from -2147483648 to 2147483647, got 2147483648 (at byte 11)"
    ),
    (
      #"{"fInt32": 0.5}"#,
      "f_int32: line 1, column 12: expected an integer from -2147483648 to 2147483647, got 0.5 (at byte 11)"
    ),
    (
      #"{"fInt32": 1e999999999}"#,
      "f_int32: line 1, column 12: expected an integer from -2147483648 to 2147483647, got 1e999999999 (at byte 11)"
    ),
    (
      #"{"fUint32": -1}"#,
      "f_uint32: line 1, column 13: expected an integer from 0 to 4294967295, got -1 (at byte 12)"
    ),
    (
      #"{"fInt64": "9223372036854775808"}"#,
      "f_int64: line 1, column 12: expected an integer from -9223372036854775808 to 9223372036854775807, got \"9223372036854775808\" (at byte 11)"
    ),
    (
      #"{"fUint64": 18446744073709551616}"#,
      "f_uint64: line 1, column 13: expected an integer from 0 to 18446744073709551615, got 18446744073709551616 (at byte 12)"
    ),
    (
      #"{"fInt32": " 1"}"#,
      "f_int32: line 1, column 12: expected an integer from -2147483648 to 2147483647, got \" 1\" (at byte 11)"
    ),
    (
      #"{"fInt32": ""}"#,
      "f_int32: line 1, column 12: expected an integer from -2147483648 to 2147483647, got \"\" (at byte 11)"
    ),
    (
      #"{"fFloat": 3.5e38}"#,
      "f_float: line 1, column 12: expected a number of at most 3.4028235e+38, got 3.5e38 (at byte 11)"
    ),
    (
      #"{"fDouble": "nan"}"#,
      "f_double: line 1, column 13: expected a number, \"NaN\", \"Infinity\" or \"-Infinity\", got \"nan\" (at byte 12)"
    ),
    (
      #"{"fDouble": "0x1"}"#,
      "f_double: line 1, column 13: expected a number, \"NaN\", \"Infinity\" or \"-Infinity\", got \"0x1\" (at byte 12)"
    ),
    (
      #"{"fBool": "true"}"#,
      "f_bool: line 1, column 11: expected true or false, got \"true\" (at byte 10)"
    ),
    (#"{"fString": 1}"#, "f_string: line 1, column 13: expected a string, got 1 (at byte 12)"),
    (#"{"fBytes": "A"}"#, "f_bytes: line 1, column 12: expected base64, got \"A\" (at byte 11)"),
    (
      #"{"fBytes": "AA="}"#, "f_bytes: line 1, column 12: expected base64, got \"AA=\" (at byte 11)"
    ),
    (
      #"{"fBytes": "A*=="}"#,
      "f_bytes: line 1, column 12: expected base64, got \"A*==\" (at byte 11)"
    ),
    (
      #"{"fColour": "BLUE"}"#,
      "f_colour: line 1, column 13: test.Colour has no value \"BLUE\"; it has RED, GREEN (at byte 12)"
    ),
    (
      #"{"fMessage": {"fMessage": []}}"#,
      "f_message.f_message: line 1, column 27: expected an object for test.All, got an array (at byte 26)"
    ),
    (#"{"rInt32": 1}"#, "r_int32: line 1, column 12: expected an array, got 1 (at byte 11)"),
    (
      #"{"mInt32": []}"#,
      "m_int32: line 1, column 12: expected an object, got an array (at byte 11)"
    ),
    (
      #"{"mInt32": {"x": ""}}"#,
      "m_int32: line 1, column 13: expected an integer from -2147483648 to 2147483647, got \"x\" (at byte 12)"
    ),
    (
      #"{"mBool": {"1": true}}"#,
      "m_bool: line 1, column 12: expected \"true\" or \"false\", got \"1\" (at byte 11)"
    ),
    (
      #"{"mInt32": {"1": "", "1.0": ""}}"#,
      "m_int32: line 1, column 22: the key \"1\" came twice (at byte 21)"
    ),
    (
      #"{"fInt32": 1, "f_int32": 1}"#,
      "line 1, column 15: the field came twice, as fInt32 and as f_int32 (at byte 14)"
    ),
    (
      #"{"oString": "", "oInt32": 1}"#,
      "line 1, column 17: oInt32 and oString exclude each other (at byte 16)"
    ),
  ])
  func `what does not fit is answered with path and place`(json: String, message: String) {
    #expect(error(json) == message)
  }

  @Test func `any bent text is an error or a message that survives`() throws {
    let good = """
      {"fDouble":-1.5e3,"fInt64":"-92","fBytes":"AP8=","fColour":"GREEN","rMessage":[{"fBool":true}],\
      "mInt32":{"-1":"\\ud83d\\ude01"},"oInt32":null}
      """
    var accepted = 0
    for place in good.utf8.indices {
      for bent in ["", "\"", "\\", "{", "]", ",", "-", "0", "e", "é", "\u{0}"] {
        var text = good
        text.replaceSubrange(place..<text.utf8.index(after: place), with: bent)
        guard let read = try? message(text) else { continue }
        let json = try read.json()
        #expect(try again(json) == json)
        accepted += 1
      }
    }
    #expect(accepted > 0)
  }

  @Test func `unknown names are errors unless they are to be ignored`() throws {
    let files = try #require(pool.message("test.Files"))
    #expect(
      SchemaPoolSource.error { _ = try DynamicMessage(json: #"{"fil":1}"#, type: files) }?.message
        == "line 1, column 2: test.Files has no field \"fil\"; "
        + "it has file, more, named, inner, chosen, text")
    let json =
      #"{"x": {"y": [1]}, "fInt32": 1, "rColour": ["RED", "BLUE"], "mUint64": {"1": "BLUE"}}"#
    #expect(try message(json, ignoreUnknown: true).json() == #"{"fInt32":1,"rColour":["RED"]}"#)
    #expect(throws: CodecError.self) { try message(#"{"x": 1, "x": 2}"#, ignoreUnknown: true) }
  }

  @Test func `defaults and original names are printed on demand`() throws {
    let needed = try SchemaPoolSource.pool(
      """
      message M {
        int64 a_b = 1; string s = 2; repeated M r = 3; map<string, M> m = 4; M n = 5;
        optional int32 o = 6; oneof c { int32 x = 7; } E e = 8; bytes b = 9; double d = 10;
      }
      enum E { ZERO = 0; }
      """)
    let message = try DynamicMessage(try #require(needed.message("test.M")))
    #expect(try message.json() == "{}")
    #expect(
      try message.json(JSONEncodingOptions(includeDefaults: true, originalNames: true))
        == #"{"a_b":"0","s":"","r":[],"m":{},"e":"ZERO","b":"","d":0}"#)
  }
}
