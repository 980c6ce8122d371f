import BatonCommand
import BatonMessages
import Foundation
import Testing

@Suite struct SchemaTextTests {
  @Test func `a printed file reads like the file its author wrote`() async throws {
    let source = try String(
      contentsOf: Tool.package.appending(path: "Schemas/files/v1/broker.proto"), encoding: .utf8)
    let files = try await compile(
      "files/v1/broker.proto", in: Tool.package.appending(path: "Schemas"))
    let index = SchemaIndex(files)
    let file = try #require(files.last)
    #expect(SchemaText.file(file, index: index) == source)
  }

  @Test(arguments: ["every.proto", "other.proto", "old.proto"])
  func `protoc reads a printed file back to the same declarations`(name: String) async throws {
    let scratch = try Scratch()
    try scratch.file("every.proto", containing: Self.every)
    try scratch.file("other.proto", containing: Self.other)
    try scratch.file("old.proto", containing: Self.old)
    let files = try await compile(name, in: scratch.url)
    let index = SchemaIndex(files)
    let printed = SchemaText.file(try #require(files.last), index: index)
    try scratch.file(name, containing: printed)
    let again = try await compile(name, in: scratch.url)
    let isSame = again.map(\.withoutPlaces) == files.map(\.withoutPlaces)
    #expect(isSame, "\(printed)")
    #expect(SchemaText.file(try #require(again.last), index: SchemaIndex(again)) == printed)
  }

  @Test func `a method is printed with its comment and the messages it takes and gives`()
    async throws
  {
    let index = SchemaIndex(
      try await compile("files/v1/broker.proto", in: Tool.package.appending(path: "Schemas")))
    let open = try #require(index.declarations["files.v1.FileBroker.Open"])
    #expect(
      SchemaText.declaration(open, index: index) == """
        // Opens a file below the broker's root and hands over the open file itself.
        rpc Open(OpenRequest) returns (OpenReply);

        message OpenRequest {
          // Relative to the root; links and `..` that lead out of it are refused.
          string path = 1;
        }

        message OpenReply {
          // The open file, for reading.
          uint32 file = 1 [(baton.descriptor) = {kind: REGULAR_FILE, access: READ, required: true}];
          // Bytes.
          uint64 size = 2;
        }

        """)
  }

  @Test func `a nested enum is found by its full name`() async throws {
    let index = SchemaIndex(
      try await compile("baton/options.proto", in: Tool.package.appending(path: "Schemas")))
    let access = try #require(index.declarations["baton.Descriptor.Access"])
    #expect(
      SchemaText.declaration(access, index: index) == """
        enum Access {
          ANY_ACCESS = 0;
          READ = 1;
          WRITE = 2;
          READ_WRITE = 3;
        }

        """)
  }

  @Test func `a short name that something nearer would catch is not used`() {
    let inner = DescriptorProto(name: "x")
    let file = FileDescriptorProto(
      name: "a.proto", package: "x.y",
      messageType: [
        DescriptorProto(name: "M", nestedType: [inner]), DescriptorProto(name: "T"),
      ])
    let index = SchemaIndex([
      file, FileDescriptorProto(name: "b.proto", package: "x", messageType: [.init(name: "U")]),
    ])
    #expect(index.shortName(of: ".x.y.T", in: "x.y.M") == "T")
    #expect(index.shortName(of: ".x.U", in: "x.y") == "U")
    #expect(index.shortName(of: ".x.y.M.x", in: "x.y.T") == "M.x")
    #expect(index.shortName(of: ".x.Gone", in: "x.y.M") == ".x.Gone")
  }

  @Test func `control characters of a stranger's schema do not reach the terminal`() {
    let file = FileDescriptorProto(
      name: "a.proto", messageType: [DescriptorProto(name: "M\u{1B}[2J")],
      sourceCodeInfo: SourceCodeInfo(location: [
        Location(path: [4, 0], span: [1], leadingComments: " bell \u{7}\n")
      ]), syntax: "proto3")
    let text = SchemaText.file(file, index: SchemaIndex([file]))
    #expect(text.contains("// bell \u{FFFD}"))
    #expect(text.contains("message M\u{FFFD}[2J {}"))
  }
}

extension SchemaTextTests {
  private func compile(_ name: String, in folder: URL) async throws -> [FileDescriptorProto] {
    let protoc = try #require(Tool.find("protoc"))
    let result = try await Tool.run(
      protoc,
      [
        "-I\(folder.path)", "-I\(Tool.package.appending(path: "Schemas").path)",
        "--include_imports", "--include_source_info", "--descriptor_set_out=/dev/stdout", name,
      ])
    try #require(result.status == 0, "\(result.errors)")
    return try FileDescriptorSet(decoding: [UInt8](result.output)).file
  }

  private static let every = #"""
    // A word about the file.

    // The syntax.
    syntax = "proto3";

    // The package.
    package every.v1;

    import "baton/options.proto";
    import public "other.proto";
    import "google/protobuf/timestamp.proto"; // for times

    option (baton.swift_prefix) = "EV";
    option deprecated = true;

    // Stands alone.

    // Before A.
    message A {
      // Behind the brace.

      double a = 1; float b = 2; int32 c = 3; int64 d = 4; uint32 e = 5; uint64 f = 6;
      sint32 g = 7; sint64 h = 8; fixed32 i = 9; fixed64 j = 10; sfixed32 k = 11;
      sfixed64 l = 12; bool m = 13; string n = 14; bytes o = 15;
      optional string p = 16; // present or not
      repeated int32 q = 17 [packed = false, deprecated = true];
      /* a block
       * of two lines */
      map<string, every.v1.A.Inner> r = 18;
      map<int32, Colour> s = 19;
      // Either.
      oneof choice {
        // The first.
        Inner t = 20;
        uint32 u = 21 [(baton.descriptor) = {kind: MEMORY, access: READ_WRITE}];
      }
      message Inner {
        message Colour {}
        Colour near = 1;
        .every.v1.Colour far = 2;
        other.v1.Thing thing = 3 [json_name = "dïng \"x\""];
        google.protobuf.Timestamp at = 4;
      }
      repeated uint32 files = 22 [(baton.descriptor) = {}];
      map<string, uint32> named = 23 [(baton.descriptor) = {kind: DIRECTORY, required: true}];
      reserved 100, 200 to 300, 536870911;
      reserved "old", "older";
    }

    enum Colour {
      option allow_alias = true;
      NONE = 0;
      RED = -1 [deprecated = true]; // like blood
      ROUGE = -1;
      reserved 5 to 7;
    }

    service S {
      option deprecated = true;
      // Streams.
      rpc Both(stream A) returns (stream A.Inner);
      rpc Safe(A) returns (other.v1.Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
      rpc Old(A) returns (A) { option deprecated = true; } // gone soon
    }
    """#

  private static let other = """
    syntax = "proto3";
    package other.v1;
    message Thing { Thing again = 1; }
    """

  private static let old = #"""
    syntax = "proto2";
    message Old {
      required string name = 1 [default = "a\"b\n"];
      optional int32 count = 2 [default = 7];
      repeated int32 many = 3 [packed = true];
      optional bytes raw = 4 [default = "\001x"];
      oneof one { Old other = 5; }
    }
    """#
}

extension FileDescriptorProto {
  /// Equal for files that say the same at different places.
  fileprivate var withoutPlaces: FileDescriptorProto {
    var copy = self
    copy.sourceCodeInfo = nil
    return copy
  }
}
