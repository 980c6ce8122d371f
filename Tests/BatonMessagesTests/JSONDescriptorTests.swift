import BatonMessages
import SystemPackage
import Testing

@Suite struct JSONDescriptorTests {
  let files: MessageType

  init() throws {
    let pool = try SchemaPoolSource.pool(DynamicMessageTests.schema)
    files = try #require(pool.message("test.Files"))
  }

  struct Refused: Error, CustomStringConvertible { let description: String }

  @Test func `a string stands for a descriptor where somebody opens it`() throws {
    var asked: [String] = []
    let json = """
      {"file":"a","more":["b"],"named":{"x":"c"},"inner":[{"chosen":"d"},{"file":null}]}
      """
    let message = try DynamicMessage(
      json: json, type: files,
      options: JSONDecodingOptions { text, path, contract in
        asked.append("\(path)=\(text)")
        #expect(contract == DescriptorContract())
        return Descriptor(adopting: try FileDescriptor.open("/dev/null", .readOnly))
      })
    let paths = ["file", "more[0]", "named[\"x\"]", "inner[0].chosen"]
    #expect(asked == zip(paths, ["a", "b", "c", "d"]).map { "\($0)=\($1)" })
    #expect(message.descriptors.map(\.path) == paths)
    let shown = try message.json(
      JSONEncodingOptions { _, path, _ in .object([.init("path", .string(path))]) })
    #expect(
      shown == """
        {"file":{"path":"file"},"more":[{"path":"more[0]"}],"named":{"x":{"path":"named[\\"x\\"]"}},\
        "inner":[{"chosen":{"path":"inner[0].chosen"}},{}]}
        """)
    #expect(
      SchemaPoolSource.error { _ = try message.json() }?.description
        == "file: the field is a descriptor, which JSON alone cannot carry")
  }

  @Test func `what was opened is closed when the rest does not fit`() throws {
    let (reading, writing) = try FileDescriptor.pipe(options: .closeOnExec)
    defer { try? reading.close() }
    #expect(throws: CodecError.self) {
      try DynamicMessage(
        json: #"{"file": "a", "more": 1}"#, type: files,
        options: JSONDecodingOptions { _, _, _ in
          Descriptor(adopting: writing)
        })
    }
    // The end of the pipe: nobody holds its other side any more.
    var byte: UInt8 = 0
    #expect(try withUnsafeMutableBytes(of: &byte) { try reading.read(into: $0) } == 0)
  }

  @Test func `a message inside Any carries no descriptor`() throws {
    let pool = try SchemaPoolSource.pool(
      DynamicMessageTests.schema + "import \"google/protobuf/any.proto\";")
    let any = try #require(pool.message("google.protobuf.Any"))
    let options = JSONDecodingOptions { _, _, _ in
      Descriptor(adopting: try FileDescriptor.open("/dev/null", .readOnly))
    }
    #expect(
      SchemaPoolSource.error {
        _ = try DynamicMessage(
          json: #"{"@type": "a/test.Files", "file": "x"}"#, type: any, options: options)
      }?.message
        == "line 1, column 1: a message inside google.protobuf.Any cannot carry descriptors")
  }

  @Test func `a descriptor that nobody opens is an error`() throws {
    let error = { (json: String, options: JSONDecodingOptions) in
      SchemaPoolSource.error {
        _ = try DynamicMessage(json: json, type: files, options: options)
      }?.description
    }
    #expect(
      error(#"{"more": ["x"]}"#, JSONDecodingOptions())
        == "more[0]: line 1, column 11: the field is a descriptor, which JSON alone cannot carry "
        + "(at byte 10)")
    let refusing = JSONDecodingOptions { _, _, _ in throw Refused(description: "no such file") }
    #expect(
      error(#"{"more": ["x"]}"#, refusing)
        == "more[0]: line 1, column 11: no such file (at byte 10)")
    #expect(
      error(#"{"more": [3]}"#, refusing)
        == "more[0]: line 1, column 11: expected a string that names a descriptor, got 3 "
        + "(at byte 10)")
  }
}
