import Baton
import Foundation
import Glibc
import Testing

/// `baton call` when all goes well, against the example and a server in this process.
@Suite(.timeLimit(.minutes(2))) struct CallTests {
  @Test func `the main job prints a file byte for byte`() async throws {
    let scratch = try Scratch()
    let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try bytes.write(to: scratch.url.appending(path: "README.md"))
    let result = try await Tool.baton(
      "call", Tool.broker(root: scratch.url), "files.v1.FileBroker/Open",
      #"{"path":"README.md"}"#, "--cat", "file")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == bytes)
    #expect(result.errors == "")
  }

  @Test func `a reply shows what its descriptors are`() async throws {
    let scratch = try Scratch()
    let file = try scratch.file("notes.txt", containing: "one two\n")
    let result = try await Tool.baton(
      "call", Tool.broker(root: scratch.url), "files.v1.FileBroker/Open",
      #"{"path":"notes.txt"}"#)
    let path = file.resolvingSymlinksInPath().path
    #expect(
      result.text == """
        {
          "file": {
            "kind": "REGULAR_FILE",
            "access": "READ",
            "size": 8,
            "path": "\(path)"
          },
          "size": "8"
        }

        """)
  }

  @Test func `a server's health is a call away`() async throws {
    for (request, text) in [
      ("{}", #"{"status":"SERVING"}"#),
      (#"{"service":"files.v1.FileBroker"}"#, #"{"status":"SERVING"}"#),
    ] {
      let result = try await Tool.baton(
        "call", Tool.broker(), "grpc.health.v1.Health/Check", request, "--compact")
      #expect(result.text == text + "\n", "\(result.errors)")
    }
    let unknown = try await Tool.baton(
      "call", Tool.broker(), "grpc.health.v1.Health/Check", #"{"service":"files.v1.None"}"#)
    #expect(unknown.status == 5)
  }

  @Test func `--compact prints one line`() async throws {
    let result = try await withShelf {
      try await Tool.baton("call", $0, "shelf.v1.Shelf/Take", #"{"texts":["a"]}"#, "--compact")
    }
    let expected =
      #/
      \{"items":\[\{"name":"item\ 0","content":\{"kind":"MEMORY","access":"READ","size":1,
      "path":"/memfd:item-0\ \(deleted\)"\}\}\],
      "sparePart":\{"kind":"PIPE","access":"WRITE","path":"pipe:\[\d+\]"\},
      "byText":\{"a":\{"kind":"MEMORY","access":"READ","size":1,"path":"/memfd:item-0\ \(deleted\)"
      \}\}\}\n
      /#
    #expect(result.text.wholeMatch(of: expected) != nil, "\(result.text)\(result.errors)")
  }

  @Test func `files and texts of the caller go the other way`() async throws {
    let scratch = try Scratch()
    try scratch.file("notes.txt", containing: "one two\nthree\n")
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", "--compact",
      #"{"files":["r:notes.txt","text:one two","stdin","memory:notes.txt"]}"#,
      input: "from standard input\n", directory: scratch.url)
    #expect(
      result.text == """
        {"counts":[{"lines":"2","words":"3","bytes":"14"},{"words":"2","bytes":"7"},\
        {"lines":"1","words":"3","bytes":"20"},{"lines":"2","words":"3","bytes":"14"}]}

        """)
    #expect(result.errors == "")
  }

  @Test func `the request comes from a file or from standard input`() async throws {
    let scratch = try Scratch()
    let request = #"{"files": ["text:a b c"]}"#
    try scratch.file("request.json", containing: request)
    for argument in ["@request.json", "-"] {
      let result = try await Tool.baton(
        "call", Tool.broker(), "files.v1.FileBroker.Count", argument, "--compact", input: request,
        directory: scratch.url)
      #expect(result.text == "{\"counts\":[{\"words\":\"3\",\"bytes\":\"5\"}]}\n")
    }
  }

  @Test func `the request can be left out when nothing is to be said`() async throws {
    let result = try await withShelf { try await Tool.baton("call", $0, "shelf.v1.Shelf/Return") }
    #expect(result.text == "{}\n")
    #expect(result.status == 0)
  }

  @Test func `descriptors lie anywhere in the request`() async throws {
    let result = try await withShelf {
      try await Tool.baton(
        "call", $0, "shelf.v1.Shelf/Return", "--compact",
        #"{"items":[{"content":"text:one"},{"content":"text:two"}],"byText":{"x":"text:y"}}"#)
    }
    #expect(result.text == "{\"texts\":[\"one\",\"two\"]}\n")
  }

  @Test func `--verbose tells what happened, on standard error only`() async throws {
    let arguments = ["files.v1.FileBroker/Count", #"{"files":["text:one two"]}"#, "--compact"]
    let result = try await Tool.run(
      Tool.product("baton"), ["call", Tool.broker(), "--verbose"] + arguments)
    #expect(result.text == "{\"counts\":[{\"words\":\"2\",\"bytes\":\"7\"}]}\n")
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("* connected to exec:"))
    #expect(lines[0].contains("(a child, uid \(getuid()), gid \(getgid())) in "))
    #expect(lines[1].hasPrefix("* baton.reflection.v1.Reflection/Describe: 0 bytes"))
    #expect(lines[2].hasPrefix("> files[0]: memory open for reading, sealed"))
    #expect(
      lines[3].wholeMatch(
        of:
          #/\* files\.v1\.FileBroker/Count: \d+ bytes and 1 descriptors out, \d+ bytes and 0 .*ms/#
      ) != nil)
  }

  @Test func `a schema on disk takes the place of reflection`() async throws {
    let scratch = try Scratch()
    let shelf = Tool.package.appending(path: "Tests/CommandTests/shelf.proto").path
    let protoc = try #require(Tool.find("protoc"))
    let made = try await Tool.run(
      protoc,
      [
        "-I\(Tool.package.path)/Tests/CommandTests", "-I\(Tool.package.path)/Schemas",
        "--include_imports", "-o\(scratch.path("shelf.binpb"))", "shelf.proto",
      ])
    try #require(made.status == 0, "\(made.errors)")
    try await withShelf(ServerOptions(reflection: false)) { address in
      for schema in [["--schema", shelf], ["--schema", scratch.path("shelf.binpb")]] {
        let result = try await Tool.run(
          Tool.product("baton"),
          ["call", address, "shelf.v1.Shelf/Return", #"{"items":[{"content":"text:a"}]}"#] + schema)
        #expect(result.text == "{\n  \"texts\": [\n    \"a\"\n  ]\n}\n", "\(result.errors)")
      }
      let result = try await Tool.baton(
        "call", address, "shelf.v1.Shelf/Return", "--schema", "shelf.proto",
        "-I\(Tool.package.path)/Tests/CommandTests", "-I", "Schemas")
      #expect(result.text == "{}\n", "\(result.errors)")
    }
  }
}
