import BatonMessages
import Testing

/// Schemas that protoc would not let through, as a hostile peer may send them.
@Suite struct SchemaPoolRefusalTests {
  typealias Field = FieldDescriptorProto

  private func refusal(
    _ fields: [Field], nested: [DescriptorProto] = [], oneofs: [String] = []
  ) -> String? {
    let message = DescriptorProto(
      name: "M", field: fields, nestedType: nested,
      oneofDecl: oneofs.map { OneofDescriptorProto(name: $0) })
    return SchemaPoolSource.error { _ = try SchemaPoolSource.pool(messages: [message]) }?
      .description
  }
  private func field(_ name: String, _ number: Int32, _ type: Field.Kind = .int32) -> Field {
    Field(name: name, number: number, label: .optional, type: type)
  }

  @Test(arguments: [0, -1, 19_000, 19_999, 536_870_912, Int32.max])
  func `a field's number must be one that the wire allows`(number: Int32) {
    #expect(
      refusal([field("a", number)])
        == "hand.M.a: expected a number from 1 to 536870911 outside of 19000 to 19999, "
        + "got \(number) (in hand.proto)")
  }

  @Test func `names and numbers must not collide`() {
    #expect(
      refusal([field("a", 1), field("b", 1)])
        == "hand.M: a and b both have the number 1 (in hand.proto)")
    #expect(
      refusal([field("a", 1), field("a", 2)])
        == "hand.M: two fields are named a (in hand.proto)")
    #expect(
      refusal([field("a_b", 1), field("aB", 2)])
        == "hand.M: a_b and aB both are aB in JSON (in hand.proto)")
    let twice = SchemaPoolSource.error {
      _ = try SchemaPoolSource.pool(messages: [.init(name: "M"), .init(name: "M")])
    }
    #expect(twice?.description == "hand.M: the name is declared twice (in hand.proto)")
  }

  @Test(arguments: ["", "1a", "a-b", "a.b", "a\u{1b}[31m", "ä"])
  func `a name must be an identifier`(name: String) {
    #expect(refusal([field(name, 1)])?.contains("expected a field's name") == true)
    let message = SchemaPoolSource.error {
      _ = try SchemaPoolSource.pool(messages: [.init(name: name)])
    }
    #expect(message?.message.contains("expected a name of letters") == true)
  }

  @Test func `what a terminal would obey is refused or escaped`() {
    var member = field("a", 1)
    member.jsonName = "\u{9b}31m"
    #expect(
      refusal([member])
        == "hand.M.a: expected a printable name for JSON, got \"\\u{9b}31m\" (in hand.proto)")
    #expect(
      refusal([], oneofs: ["\u{1b}[31m"])
        == "hand.M: expected a oneof's name, got \"\\u{1b}[31m\" (in hand.proto)")
    var missing = field("a", 1, .message)
    missing.typeName = "\u{202e}"
    #expect(
      refusal([missing])
        == "hand.M.a: expected the name of a type, got \"\\u{202e}\" (in hand.proto)")
    let file = FileDescriptorProto(name: "a\n.proto")
    #expect(
      SchemaPoolSource.error { _ = try SchemaPool(files: [file]) }?.message
        == "expected a file name without control characters, got \"a\\u{a}.proto\"")
    let old = FileDescriptorProto(
      name: "a.proto", messageType: [.init(name: "M")], syntax: "\u{1b}c")
    let type = try? SchemaPool(files: [old]).message("M")
    #expect(type?.refusal?.contains("which is \"\\u{1b}c\";") == true)
  }

  @Test func `long names and many types do not multiply`() {
    let long = String(repeating: "a", count: 1100)
    let error = SchemaPoolSource.error {
      _ = try SchemaPoolSource.pool(messages: [.init(name: long)])
    }
    #expect(error?.message == "expected a full name of at most 1024 bytes (in hand.proto)")
    let ofField = refusal([field(long, 1)])
    #expect(ofField?.hasPrefix("hand.M: expected a field's name, got \"aaa") == true)
    var named = field("a", 1)
    named.jsonName = long
    #expect(refusal([named])?.contains("expected a printable name for JSON") == true)
    let many = (0...100_000).map { DescriptorProto(name: "M\($0)") }
    let tooMany = SchemaPoolSource.error { _ = try SchemaPoolSource.pool(messages: many) }
    #expect(tooMany?.message == "expected a schema of at most 100000 types (in hand.proto)")
  }

  @Test func `a message has at most 8192 fields`() {
    let fields = (1...8193).map { field("f\($0)", $0) }
    #expect(refusal(fields) == "hand.M: expected at most 8192 fields, got 8193 (in hand.proto)")
  }

  @Test func `a field's type must be there and be of proto3`() {
    #expect(
      refusal([field("a", 1, .group)])
        == "hand.M.a: expected a type of proto3, got number 10 (in hand.proto)")
    #expect(
      refusal([field("a", 1, .init(rawValue: 99))])
        == "hand.M.a: expected a type of proto3, got number 99 (in hand.proto)")
    var missing = field("a", 1, .message)
    missing.typeName = ".hand.Nothing"
    #expect(
      refusal([missing])
        == "hand.M.a: expected the name of a type, got \".hand.Nothing\" (in hand.proto)")
    var required = field("a", 1)
    required.label = .required
    #expect(
      refusal([required])
        == "hand.M.a: expected the label optional or repeated, got number 2 (in hand.proto)")
  }

  @Test(arguments: [-1, 1, Int32.max])
  func `a oneof must be declared`(place: Int32) {
    var member = field("a", 1)
    member.oneofIndex = place
    #expect(
      refusal([member], oneofs: ["o"]) == "hand.M.a: there is no oneof \(place) (in hand.proto)")
  }

  @Test func `a descriptor is a uint32`() {
    var file = field("file", 1, .uint64)
    file.options = FieldOptions(descriptor: SchemaDescriptor())
    #expect(
      refusal([file])
        == "hand.M.file: a field with (baton.descriptor) must be a uint32 (in hand.proto)")
  }

  @Test func `a descriptor of a kind unknown here makes its message unusable`() throws {
    var file = field("file", 1, .uint32)
    file.options = FieldOptions(descriptor: SchemaDescriptor(kind: .init(rawValue: 77)))
    let pool = try SchemaPoolSource.pool(messages: [.init(name: "M", field: [file])])
    let type = try #require(pool.message("hand.M"))
    #expect(
      type.refusal
        == "its field file asks for a descriptor of kind 77 and access 0, "
        + "which this version does not know")
    #expect(throws: CodecError.self) { try DynamicMessage(type) }
  }

  @Test func `a map's entry must be one`() {
    let entry = { (fields: [Field]) in
      DescriptorProto(name: "E", field: fields, options: MessageOptions(mapEntry: true))
    }
    var map = field("m", 1, .message)
    map.typeName = ".hand.M.E"
    map.label = .repeated
    #expect(
      refusal([map], nested: [entry([self.field("key", 1)])])
        == "hand.M.m: expected an entry of a key and a value (in hand.proto)")
    #expect(
      refusal([map], nested: [entry([self.field("key", 1, .double), self.field("value", 2)])])
        == "hand.M.m: expected a map's key to be an integer, a bool or a string (in hand.proto)")
    let good = entry([field("key", 1), field("value", 2)])
    #expect(refusal([map], nested: [good]) == nil)
    var second = map
    second.name = "n"
    second.number = 2
    let shared = "a map's entry serves the one map it was made for (in hand.proto)"
    #expect(refusal([map, second], nested: [good]) == "hand.M.n: \(shared)")
    map.label = .optional
    #expect(refusal([map], nested: [good]) == "hand.M.m: \(shared)")
  }

  @Test func `a method's types must be there`() {
    let service = ServiceDescriptorProto(
      name: "S", method: [.init(name: "Do", inputType: ".hand.A", outputType: ".hand.B")])
    let error = SchemaPoolSource.error {
      _ = try SchemaPoolSource.pool(messages: [.init(name: "A")], services: [service])
    }
    #expect(
      error?.description
        == "hand.S.Do: expected the name of a message, got \".hand.B\" (in hand.proto)")
  }

  @Test func `an enumeration begins with zero and has no two values of one number`() {
    let error = { (values: [EnumValueDescriptorProto]) in
      SchemaPoolSource.error {
        _ = try SchemaPoolSource.pool(enums: [.init(name: "E", value: values)])
      }?.description
    }
    #expect(error([]) == "hand.E: expected a first value with the number 0 (in hand.proto)")
    #expect(
      error([.init(name: "A", number: 0), .init(name: "B", number: 0)])
        == "hand.E: A and B both have the number 0 (in hand.proto)")
  }

  @Test func `a well-known type must be the one protobuf knows`() {
    let file = FileDescriptorProto(
      name: "google/protobuf/timestamp.proto", package: "google.protobuf",
      messageType: [.init(name: "Timestamp", field: [field("seconds", 1, .string)])],
      syntax: "proto3")
    #expect(
      SchemaPoolSource.error { _ = try SchemaPool(files: [file]) }?.description
        == "google.protobuf.Timestamp: the type does not have the fields that protobuf gives it "
        + "(in google/protobuf/timestamp.proto)")
  }

  @Test func `any cut or bent schema is an error or a schema`() throws {
    let bytes = try SchemaPoolSource.compile(
      """
      message M { map<string, M> m = 1; oneof o { N n = 2; uint32 f = 3 [(baton.descriptor) = {}]; } }
      message N { repeated E e = 1; } enum E { A = 0; }
      service S { rpc Do(M) returns (N); }
      """)
    // Only the last file: protobuf's own descriptor.proto comes before it.
    let file = try #require(try FileDescriptorSet(decoding: bytes).file.last)
    let good = try file.encoded().bytes
    var options = try FileDescriptorSet(decoding: bytes).file
    options.removeLast()
    var accepted = 0
    for place in good.indices {
      for bent in [good[place] ^ 1, good[place] ^ 0x80, 0, 0xff] {
        var copy = good
        copy[place] = bent
        guard let file = try? FileDescriptorProto(decoding: copy),
          let pool = try? SchemaPool(files: options + [file])
        else { continue }
        for type in pool.messageTypes where type.refusal == nil {
          _ = try? DynamicMessage(decoding: [0x0a, 2, 0x0a, 0, 0x18, 1], type: type)
        }
        accepted += 1
      }
    }
    #expect(accepted > 0)
  }

  @Test func `names that are not full are looked for in a bounded number of scopes`() throws {
    let scope = Array(repeating: "a", count: 500).joined(separator: ".")
    func pool(_ type: String, fields: Int32) throws -> SchemaPool {
      let fields = (1...fields).map { number in
        Field(
          name: "f\(number)", number: number, label: .optional, type: .message, typeName: type)
      }
      return try SchemaPool(files: [
        FileDescriptorProto(name: "t.proto", messageType: [.init(name: "T")], syntax: "proto3"),
        FileDescriptorProto(
          name: "m.proto", package: scope, dependency: ["t.proto"],
          messageType: [.init(name: "M", field: fields)], syntax: "proto3"),
      ])
    }
    #expect(try pool("T", fields: 200).message("\(scope).M")?.fields.count == 200)
    #expect(try pool(".T", fields: 8000).message("\(scope).M")?.fields.count == 8000)
    let error = #expect(throws: CodecError.self) { try pool("T", fields: 8000) }
    #expect(error?.kind == .schema)
    #expect(error?.message.hasPrefix("expected full names of types, with a leading dot") == true)
  }
}
