import BatonMessages
import Testing

/// The text itself, on a `google.protobuf.Value`, which takes any JSON.
@Suite struct JSONTextTests {
  let type: MessageType

  init() throws {
    let pool = try SchemaPoolSource.pool("import \"google/protobuf/struct.proto\";")
    type = try #require(pool.message("google.protobuf.Value"))
  }

  private func error(_ text: String, nesting: Int = 100) -> String? {
    SchemaPoolSource.error {
      _ = try DynamicMessage(json: text, type: type, options: .init(nesting: nesting))
    }?.message
  }
  private func again(_ text: String) throws -> String {
    try DynamicMessage(json: text, type: type).json()
  }

  @Test(arguments: [
    "null", "true", "false", "0", "-0.0", "1.5", "-1", "1e-07", "1e+100", "1234567890123456",
    "5e-324", "1.7976931348623157e+308", "\"\"", "\"a\"", "[]", "{}", "[1,[2,{\"a\":[null]}]]",
    "{\"a\":{\"b\":{}},\"c\":[true]}", "\"谷歌 😁\"", #""\"\\\n\r\t\u0000\u001f\u007f\u009b""#,
  ])
  func `canonical text comes back as it was`(text: String) throws {
    #expect(try again(text) == text)
  }

  @Test(arguments: [
    (" [ 1 ,\t2\r\n] ", "[1,2]"), (#""\u0041\/\b\f""#, #""A/\u0008\u000c""#),
    (#""\ud83d\uDE01""#, "\"😁\""), ("100.0", "100"), ("1E2", "100"), ("0.1e1", "1"),
    ("1e-400", "0"), ("-0", "-0.0"),
  ])
  func `other forms are read too`(text: String, canonical: String) throws {
    #expect(try again(text) == canonical)
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value, got the end of the text"),
    ("{\n \"a\": x}", "line 2, column 7: expected a value, got \"x\""),
    ("[\"é\", +1]", "line 1, column 7: expected a value, got \"+\""),
    ("[1,]", "line 1, column 4: expected a value, got \"]\""),
    ("[1 2]", "line 1, column 4: expected \",\" or \"]\", got \"2\""),
    ("{\"a\":1,}", "line 1, column 8: expected a name in double quotes, got \"}\""),
    ("{\"a\" 1}", "line 1, column 6: expected \":\", got \"1\""),
    ("{\"a\":1 \"b\":2}", "line 1, column 8: expected \",\" or \"}\", got \"\\\"\""),
    ("{a:1}", "line 1, column 2: expected a name in double quotes, got \"a\""),
    ("{\"a\":1,\"\\u0061\":2}", "line 1, column 8: the name \"a\" came twice"),
    ("1 2", "line 1, column 3: expected the end of the text, got \"2\""),
    (
      "01",
      "line 1, column 1: expected a number with no leading zero and a digit at its end, got \"0\""
    ),
    (
      "-",
      "line 1, column 1: expected a number with no leading zero and a digit at its end, got \"-\""
    ),
    (
      "1.",
      "line 1, column 1: expected a number with no leading zero and a digit at its end, got \"1\""
    ),
    (
      "1e",
      "line 1, column 1: expected a number with no leading zero and a digit at its end, got \"1\""
    ),
    ("NaN", "line 1, column 1: expected a value, got \"N\""),
    ("nul", "line 1, column 1: expected a value, got \"n\""),
    ("\"abc", "line 1, column 1: the string does not end"),
    (
      "\"a\nb\"",
      "line 1, column 3: expected an escape such as \\n in place of a control character, got \"\\u{a}\""
    ),
    (#""\x""#, #"line 1, column 2: expected one of \" \\ \/ \b \f \n \r \t \u"#),
    (#""abc\"#, #"line 1, column 5: expected one of \" \\ \/ \b \f \n \r \t \u"#),
    (#""\u12g4""#, #"line 1, column 2: expected \u and four hexadecimal digits"#),
    (#""\ud800""#, "line 1, column 2: a surrogate came without its other half"),
    (#""\udc00""#, "line 1, column 2: a surrogate came without its other half"),
    (#""\ud800\u0041""#, "line 1, column 2: a surrogate came without its other half"),
    ("\u{feff}1", "line 1, column 1: expected a value, got \"\\u{feff}\""),
    ("1e400", "line 1, column 1: expected a number of at most 1.7976931348623157e+308, got 1e400"),
  ])
  func `malformed text is answered with its place`(text: String, message: String) {
    #expect(error(text) == message)
  }

  @Test func `the deepest text does not exhaust the stack`() throws {
    let deep = String(repeating: "[", count: 256) + String(repeating: "]", count: 256)
    let message = try DynamicMessage(json: deep, type: type, options: .init(nesting: 256))
    #expect(SchemaPoolSource.error { _ = try message.json() }?.kind == .json)
    #expect(SchemaPoolSource.error { _ = try message.encoded() }?.kind == .limit)
  }

  @Test func `levels are limited`() {
    let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    #expect(error(deep(100)) == nil)
    #expect(error(deep(101)) == "line 1, column 101: expected at most 100 levels")
    #expect(error(deep(3), nesting: 2) == "line 1, column 3: expected at most 2 levels")
    #expect(
      error(deep(200_000), nesting: .max) == "line 1, column 257: expected at most 256 levels")
    #expect(error("[[],[],[]]", nesting: 2) == nil)
  }

  @Test func `every cut of a text is an error`() throws {
    let text = #"{"a":[1.5e3,true,null,"x\u0041\ud83d\ude01"],"b":{}}"#
    #expect(error(text) == nil)
    for length in 0..<text.utf8.count {
      #expect(error(String(text.prefix(length))) != nil)
    }
  }

  @Test func `pretty text has a line for each value`() throws {
    let message = try DynamicMessage(json: #"{"a":[1,{}],"b":[]}"#, type: type)
    #expect(
      try message.json(JSONEncodingOptions(pretty: true)) == """
        {
          "a": [
            1,
            {}
          ],
          "b": []
        }
        """)
  }
}
