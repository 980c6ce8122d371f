import Baton
import Foundation
import Glibc
import Testing

/// What `baton call` says, in one line, and how it exits when something is wrong.
@Suite(.timeLimit(.minutes(2))) struct CallErrorTests {
  private func expect(
    _ result: Tool.Result, _ status: Int32, _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.errors == "baton: \(message)\n", sourceLocation: location)
    #expect(result.status == status, sourceLocation: location)
    #expect(result.text == "", sourceLocation: location)
  }

  private func count(_ request: String, directory: URL = Tool.package) async throws -> Tool.Result {
    try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", request, directory: directory)
  }

  // MARK: The request

  @Test(arguments: [
    ("{\"files\": [}", "line 1, column 12: expected a value, got \"}\""),
    ("{\n  \"files\": []\n", "line 3, column 1: expected \",\" or \"}\", got the end of the text"),
    ("", "line 1, column 1: expected a value, got the end of the text"),
  ])
  func `malformed JSON is wrong usage and has a place`(json: String, message: String) async throws {
    expect(try await count(json), 64, "the request: \(message)")
  }

  @Test(arguments: ["README.md", "'{}'", "path=README.md"])
  func `what is no JSON from its first character on is told what a request may be`(
    request: String
  ) async throws {
    expect(
      try await count(request), 64,
      "expected the request as JSON, @FILE or -, got \"\(request)\"")
  }

  @Test func `an unknown field is wrong usage, and the error tells what there is`() async throws {
    expect(
      try await count(#"{"file": []}"#), 64,
      "the request: line 1, column 2: files.v1.CountRequest has no field \"file\"; it has files")
  }

  @Test func `a descriptor that cannot be opened is named by its field and its path`() async throws
  {
    expect(
      try await count(#"{"files": ["text:a", "r:/no/such"]}"#), 64,
      "the request: files[1]: line 1, column 22: cannot open \"/no/such\" for reading: "
        + "No such file or directory")
    expect(
      try await count(#"{"files": ["fd:77"]}"#), 64,
      "the request: files[0]: line 1, column 12: cannot open descriptor 77: Bad file descriptor")
  }

  @Test func `a descriptor that breaks its contract is an invalid argument`() async throws {
    let scratch = try Scratch()
    expect(
      try await count(#"{"files": ["text:a", "w:new.txt"]}"#, directory: scratch.url), 3,
      "the request: files[1]: expected a descriptor open for reading, "
        + "got a regular file open for writing")
  }

  @Test(arguments: [
    #"{"files": ["w:kept.txt"]}"#, #"{"files": ["w:kept.txt", "r:none"]}"#,
    #"{"files": ["w:kept.txt", 5]}"#, #"{"files": ["w:kept.txt"]"#,
  ])
  func `a request that is not good empties no file, and makes none`(request: String) async throws {
    let scratch = try Scratch()
    try scratch.file("kept.txt", containing: "kept")
    let result = try await count(request, directory: scratch.url)
    #expect([3, 64].contains(result.status))
    #expect(try String(contentsOfFile: scratch.path("kept.txt"), encoding: .utf8) == "kept")
    for form in ["w", "a"] {
      let request = request.replacing("w:kept.txt", with: "\(form):new.txt")
      let result = try await count(request, directory: scratch.url)
      #expect([3, 64].contains(result.status))
      #expect(access(scratch.path("new.txt"), F_OK) != 0)
    }
  }

  @Test func `a request that is not UTF-8 is wrong at a line and column`() async throws {
    let scratch = try Scratch()
    let bytes = Data(Array("{\n \"path\": \"ä".utf8) + [0xFF] + Array("\"}".utf8))
    try bytes.write(to: scratch.url.appending(path: "request"))
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Open", "@\(scratch.path("request"))")
    expect(result, 64, "the request: line 2, column 12: expected UTF-8")
  }

  @Test func `a service in the place of a method is wrong usage, and its methods are told`()
    async throws
  {
    let result = try await Tool.baton("call", Tool.broker(), "files.v1.FileBroker", "{}")
    expect(
      result, 64, "expected a method of files.v1.FileBroker, which has Open, Count, Watch")
  }

  @Test func `systemd is no address to connect to`() async throws {
    let result = try await Tool.baton("list", "systemd")
    expect(
      result, 64,
      "expected unix:PATH, unix:@NAME, fd:NUMBER or exec:COMMAND, got systemd, which is for servers"
    )
  }

  @Test(arguments: [
    ("exec:false", "exited with status 1"), ("exec:sh -c 'kill -9 $$'", "was killed by signal 9"),
  ])
  func `a program that ends instead of serving is told how it ended`(
    address: String, ending: String
  ) async throws {
    let result = try await Tool.baton("list", address)
    #expect(result.status == 69)
    #expect(result.errors.hasSuffix(" did not answer: it \(ending)\n"))
  }

  @Test func `what a server prints that exec: starts is no output`() async throws {
    let result = try await Tool.baton("list", "exec:sh -c 'echo hello'")
    #expect(result.status == 69)
    #expect(result.text == "")
    #expect(result.errors.hasPrefix("hello\n"))
  }

  @Test func `a required descriptor that is missing is an invalid argument`() async throws {
    let result = try await withShelf {
      try await Tool.baton("call", $0, "shelf.v1.Shelf/Return", #"{"items": [{}]}"#)
    }
    #expect(result.status == 3)
    #expect(result.errors.hasPrefix("baton: the request: items[0].content: expected "))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func `a request that cannot be read is wrong usage`() async throws {
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", "@/no/such")
    expect(result, 64, "cannot read the request from /no/such: No such file or directory")
  }

  // MARK: Names

  @Test func `an unknown method or service is wrong usage, and the near ones are told`()
    async throws
  {
    for (name, message) in [
      (
        "files.v1.FileBroker/Opne",
        "files.v1.FileBroker has no method Opne; it has Open, Count, Watch"
      ),
      (
        "files.v1.FileBrokr/Open",
        "there is no service files.v1.FileBrokr; there is files.v1.FileBroker, "
          + "grpc.health.v1.Health, baton.reflection.v1.Reflection"
      ),
      ("Open", "expected a method such as files.v1.FileBroker/Open, got \"Open\""),
    ] {
      expect(try await Tool.baton("call", Tool.broker(), name), 64, message)
    }
  }

  // MARK: The server

  @Test func `an address where nobody listens is no connection`() async throws {
    expect(
      try await Tool.baton("call", "unix:/no/such.sock", "a.B/C"), 69,
      "no server at unix:/no/such.sock: No such file or directory")
    expect(
      try await Tool.baton("call", "exec:/no/such", "a.B/C"), 69,
      "cannot start /no/such: No such file or directory")
  }

  @Test func `an address that is none is wrong usage`() async throws {
    let result = try await Tool.baton("call", "broker.sock", "a.B/C")
    #expect(result.status == 64)
    #expect(result.errors.hasPrefix("baton: expected unix:PATH, "))
    #expect(result.errors.hasSuffix(", got \"broker.sock\"\n"))
  }

  @Test(arguments: ["exec:true", "exec:sh -c 'printf garbage >&3'"])
  func `a program that does not speak the protocol is no connection`(address: String) async throws {
    let result = try await Tool.baton("call", address, "a.B/C")
    #expect(result.status == 69)
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.errors.contains("did not answer"))
  }

  @Test func `a path outside the root is refused by the server`() async throws {
    let result = try await Tool.baton(
      "call", Tool.broker(root: Tool.package.appending(path: "Sources")),
      "files.v1.FileBroker/Open", #"{"path": "../Package.swift"}"#)
    #expect(result.status == 7)
    #expect(result.errors.hasPrefix("baton: PERMISSION_DENIED: "))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test(arguments: 1...16)
  func `the code of an error is the exit status`(code: Int32) async throws {
    let result = try await withShelf {
      try await Tool.baton(
        "call", $0, "shelf.v1.Shelf/Fail", #"{"code": \#(code), "message": "as asked"}"#)
    }
    expect(result, code, "\(RPCError.Code(rawValue: code)): as asked")
  }

  @Test func `a code that gRPC has not exits as UNKNOWN`() async throws {
    let result = try await withShelf {
      try await Tool.baton("call", $0, "shelf.v1.Shelf/Fail", #"{"code": 77, "message": "x"}"#)
    }
    expect(result, 2, "CODE_77: x")
  }

  @Test func `a stranger's message stays one line without control characters`() async throws {
    let request = #"{"code": 13, "message": "one\n\u001b[31mtwo\u009b"}"#
    let result = try await withShelf {
      try await Tool.baton("call", $0, "shelf.v1.Shelf/Fail", request)
    }
    expect(result, 13, "INTERNAL: one \u{FFFD}[31mtwo\u{FFFD}")
  }

  @Test func `a server that dies in the call is UNAVAILABLE`() async throws {
    let scratch = try Scratch()
    #expect(mkfifo(scratch.path("fifo"), 0o600) == 0)
    let baton = try Tool(
      Tool.product("baton"),
      [
        "call", Tool.broker(), "files.v1.FileBroker/Count",
        #"{"files": ["r:\#(scratch.path("fifo"))"]}"#,
      ])
    // Opens when the command does, which then has a connection.
    let writer = try scratch.open("fifo", O_WRONLY)
    let server = try #require(try baton.children().first)
    #expect(kill(server, SIGKILL) == 0)
    let result = try await baton.finish()
    #expect(result.status == 14)
    #expect(result.errors.hasPrefix("baton: UNAVAILABLE: "))
    #expect(result.errors.split(separator: "\n").count == 1)
    try writer.close()
  }

  @Test func `a call that takes longer than --timeout is DEADLINE_EXCEEDED`() async throws {
    let result = try await withShelf { address in
      // The server runs when it has answered, so that the time is the call's own.
      let answer = try await Tool.baton("list", address)
      #expect(answer.status == 0)
      return try await Tool.baton("call", address, "shelf.v1.Shelf/Wait", "--timeout", "2s")
    }
    #expect(result.status == 4)
    #expect(result.errors.hasPrefix("baton: DEADLINE_EXCEEDED: "))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func `a server without reflection asks for a schema`() async throws {
    let result = try await withShelf(ServerOptions(reflection: false)) {
      try await Tool.baton("call", $0, "shelf.v1.Shelf/Take")
    }
    expect(result, 12, "the server does not tell its schema; name it with --schema FILE")
  }

  @Test func `a method that only the schema of --schema has is named`() async throws {
    let scratch = try Scratch()
    try scratch.file(
      "newer.proto",
      containing: """
        syntax = "proto3";
        package files.v1;
        message Nothing {}
        service FileBroker {
          rpc Close(Nothing) returns (Nothing);
          rpc Follow(Nothing) returns (stream Nothing);
        }
        """)
    for method in ["Close", "Follow"] {
      let result = try await Tool.baton(
        "call", Tool.broker(), "files.v1.FileBroker/\(method)", "--schema",
        scratch.path("newer.proto"))
      #expect(
        result.errors.hasPrefix("baton: UNIMPLEMENTED: files.v1.FileBroker/\(method): no service"))
      #expect(result.status == 12)
    }
  }

  // MARK: The schema

  @Test func `a schema that cannot be used is wrong usage`() async throws {
    let scratch = try Scratch()
    try scratch.file("bad.proto", containing: "syntax = \"proto3\";\nmessage A { int32 a = 1 }\n")
    try scratch.file("bad.binpb", containing: "no descriptor set")
    for (file, message) in [
      ("bad.proto", "--schema bad.proto: bad.proto:2:25: Expected \";\"."),
      ("none.binpb", "cannot read the schema none.binpb: No such file or directory"),
    ] {
      let result = try await Tool.baton(
        "call", Tool.broker(), "a.B/C", "--schema", file, directory: scratch.url)
      expect(result, 64, message)
    }
    let result = try await Tool.baton(
      "call", Tool.broker(), "a.B/C", "--schema", "bad.binpb", directory: scratch.url)
    #expect(result.status == 64)
    #expect(
      result.errors.hasPrefix(
        "baton: --schema bad.binpb: expected a .proto file or a descriptor set: "))
  }

  @Test func `without protoc a .proto file is refused, and a descriptor set would do`() async throws
  {
    let result = try await Tool.baton(
      "call", Tool.broker(), "a.B/C", "--schema", "Schemas/files/v1/broker.proto",
      environment: ["PATH": "/nowhere"])
    expect(
      result, 64,
      "cannot run protoc, which --schema Schemas/files/v1/broker.proto needs: "
        + "No such file or directory")
  }

  // MARK: Usage

  @Test(arguments: [
    (["call"], "Missing expected argument '<address>'; see baton call --help"),
    (
      ["call", "a", "b", "--timeout", "soon"],
      "The value 'soon' is invalid for '--timeout <time>': expected a time above zero such as "
        + "500ms, 2s or 1m, got \"soon\"; see baton call --help"
    ),
    (
      ["call", "a", "b", "-I", "x"],
      "-I says where the imports of --schema are, and there is no --schema; see baton call --help"
    ),
    (["call", "a", "b", "--exec"], "expected a command behind --exec --; see baton call --help"),
    (
      ["call", "a", "b", "--", "true"],
      "expected --exec with the command behind --; see baton call --help"
    ),
    (
      ["call", "a", "b", "--limit", "0"],
      "expected --limit above zero, got 0; see baton call --help"
    ),
    (
      ["call", "a", "b", "--exec", "--cat", "file", "--", "true"],
      "--exec and --cat exclude each other; see baton call --help"
    ),
    (["frobnicate"], "expected call, list or describe, got \"frobnicate\"; see baton --help"),
    (
      ["frobnicate", "-x"], "expected call, list or describe, got \"frobnicate\"; see baton --help"
    ),
    (["--frobnicate"], "Unknown option '--frobnicate'; see baton --help"),
  ])
  func `wrong usage is one line`(arguments: [String], message: String) async throws {
    expect(try await Tool.run(Tool.product("baton"), arguments), 64, message)
  }
}
