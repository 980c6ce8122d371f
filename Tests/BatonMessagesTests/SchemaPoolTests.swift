import BatonMessages
import Testing

@Suite struct SchemaPoolTests {
  @Test func `a pool resolves services, methods and their types`() throws {
    let pool = try SchemaPoolSource.pool(
      """
      // Says things.
      service Speaker {
        // Says one thing.
        rpc Say(Words) returns (stream Sound);
      }
      message Words { string text = 1; }
      message Sound { uint32 file = 1 [(baton.descriptor) = {kind: PIPE, access: READ}]; }
      """)
    let method = try pool.method("test.Speaker/Say")
    #expect(method.fullName == "test.Speaker/Say")
    #expect(method.input.name == "test.Words")
    #expect(method.output.name == "test.Sound")
    #expect(!method.isClientStreaming)
    #expect(method.isServerStreaming)
    #expect(
      method.output.field("file")?.type
        == .descriptor(DescriptorContract(kind: .pipe, access: .read)))
    #expect(pool.services.map(\.name) == ["test.Speaker"])
    let comments = SchemaComments(method.service.file)
    #expect(comments[method.service.path]?.leadingComments == " Says things.\n")
    #expect(comments[method.path]?.leadingComments == " Says one thing.\n")
  }

  @Test func `an unknown service or method is answered with what there is`() throws {
    let pool = try SchemaPoolSource.pool(
      "service A { rpc One(M) returns (M); rpc Two(M) returns (M); } message M {}")
    #expect(
      SchemaPoolSource.error { _ = try pool.method("test.B/One") }?.message
        == "there is no service \"test.B\"; there is test.A")
    #expect(
      SchemaPoolSource.error { _ = try pool.method("test.A/Three") }?.message
        == "test.A has no method \"Three\"; it has One, Two")
    #expect(
      SchemaPoolSource.error { _ = try pool.method("test.A") }?.message
        == "expected SERVICE/METHOD, got \"test.A\"")
  }

  @Test func `fields know their names, types and cardinality`() throws {
    let pool = try SchemaPoolSource.pool(
      """
      enum Colour { RED = 0; }
      message M {
        int32 plain_number = 1;
        optional string maybe = 2;
        repeated Colour colours = 3;
        map<string, M> inner = 4;
        oneof choice { bytes raw = 5; M other = 6 [json_name = "another"]; }
        map<int64, uint32> files = 7 [(baton.descriptor) = {kind: MEMORY, required: true}];
      }
      """)
    let type = try #require(pool.message("test.M"))
    let colour = try #require(pool.enumeration("test.Colour"))
    let fields = type.fields
    #expect(
      fields.map(\.name) == ["plain_number", "maybe", "colours", "inner", "raw", "other", "files"])
    #expect(fields.map(\.jsonName).suffix(2) == ["another", "files"])
    #expect(
      fields.map(\.type) == [
        .int32, .string, .enumeration(colour), .message(type), .bytes, .message(type),
        .descriptor(DescriptorContract(kind: .memory, required: true)),
      ])
    #expect(
      fields.map(\.cardinality) == [
        .singular, .optional, .repeated, .map(key: .string), .oneof("choice"), .oneof("choice"),
        .map(key: .int64),
      ])
    #expect(type.field("plainNumber") == type.field("plain_number"))
    #expect(type.field("another")?.number == 6)
    #expect(type.field("nothing") == nil)
    #expect(colour.name(of: 0) == "RED" && colour.number(of: "RED") == 0)
  }

  @Test func `files may come in any order, but must be complete`() throws {
    let set = try FileDescriptorSet(
      decoding: SchemaPoolSource.compile("message M { baton.Descriptor d = 1; }"))
    let names = set.file.compactMap(\.name)
    #expect(names.last == "test.proto")
    let pool = try SchemaPool(files: set.file.reversed())
    #expect(pool.files.compactMap(\.name) == names)
    let incomplete = [FileDescriptorProto(name: "a.proto", dependency: ["b/c.proto"])]
    #expect(
      SchemaPoolSource.error { _ = try SchemaPool(files: incomplete) }?.message
        == "a.proto imports \"b/c.proto\", which is not in the schema")
  }

  @Test func `the library's own files need not come along`() throws {
    let set = try FileDescriptorSet(
      decoding: SchemaPoolSource.compile(
        """
        import "google/protobuf/api.proto";
        message M { baton.Descriptor d = 1; google.protobuf.Api api = 2; }
        """))
    let pool = try SchemaPool(files: set.file.filter { $0.name == "test.proto" })
    #expect(Set(pool.files.map(\.name)) == Set(set.file.map(\.name)))
    #expect(pool.message("test.M")?.refusal == nil)
  }

  @Test func `generated code carries a whole schema`() throws {
    let pool = try SchemaPool([GoogleProtobufApiSchema.file, BatonOptionsSchema.file])
    #expect(pool.message("google.protobuf.Option")?.field("value")?.number == 2)
    #expect(pool.files.contains { $0.name == "google/protobuf/descriptor.proto" })
  }

  @Test func `a file may come twice, but not in two versions`() throws {
    let file = FileDescriptorProto(name: "a.proto", syntax: "proto3")
    #expect(try SchemaPool(files: [file, file]).files.count == 1)
    var other = file
    other.package = "a"
    #expect(
      SchemaPoolSource.error { _ = try SchemaPool(files: [file, other]) }?.message
        == "two different files are named a.proto")
  }

  @Test func `files that import in a circle are refused`() throws {
    let files = [
      FileDescriptorProto(name: "a.proto", dependency: ["b.proto"]),
      FileDescriptorProto(name: "b.proto", dependency: ["a.proto"]),
    ]
    #expect(
      SchemaPoolSource.error { _ = try SchemaPool(files: files) }?.message
        == "a.proto imports itself, or files that import in a circle")
  }

  @Test func `a pool goes away although its types are recursive`() throws {
    weak var pool: SchemaPool?
    do {
      let made = try SchemaPoolSource.pool("message A { B b = 1; } message B { A a = 1; }")
      pool = made
      let type = try #require(made.message("test.A"))
      let message = try DynamicMessage(decoding: [0x0a, 0], type: type)
      #expect(message["b"]?.messageValue?.type.name == "test.B")
    }
    #expect(pool == nil)
  }

  @Test func `proto2 messages are known by name and refused in use`() throws {
    let pool = try SchemaPoolSource.pool(
      """
      import "google/protobuf/descriptor.proto";
      message Holder { Inner inner = 1; }
      message Inner { google.protobuf.FileDescriptorSet set = 1; }
      """)
    let type = try #require(pool.message("test.Holder"))
    let error = SchemaPoolSource.error { _ = try DynamicMessage(type) }
    #expect(error?.kind == .schema)
    #expect(
      error?.message
        == "test.Holder cannot be used: it can hold a google.protobuf.FileDescriptorSet, "
        + "and it is declared in "
        + "google/protobuf/descriptor.proto, which is proto2; "
        + "only messages of proto3 files can be used")
  }
}
