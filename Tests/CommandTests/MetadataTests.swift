import Baton
import Testing

/// What is said beside messages: metadata, trailers and the details of errors.
@Suite(.timeLimit(.minutes(2))) struct MetadataTests {
  private func desk(
    _ arguments: String..., options: ServerOptions = ServerOptions()
  ) async throws -> Tool.Result {
    try await withShelf(options, services: [DeskServer()]) { address in
      let arguments = arguments.map { $0 == "ADDRESS" ? address : $0 }
      return try await Tool.run(Tool.product("baton"), arguments)
    }
  }

  @Test(arguments: ["Echo", "EchoAll"])
  func `--header is sent, and --verbose tells what comes back ahead of the reply and behind it`(
    method: String
  ) async throws {
    let result = try await desk(
      "call", "ADDRESS", "shelf.v1.Desk/\(method)", #"{"texts":["a"]}"#, "--compact", "--verbose",
      "-H", "Authorization: Bearer a:b ", "--header", "trace-bin:AAH/", "-H", "empty:")
    #expect(result.text == "{\"texts\":[\"a\"]}\n")
    #expect(result.status == 0)
    let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("< ") }
    #expect(
      told == [
        "< metadata authorization: Bearer a:b", "< metadata trace-bin: AAH/", "< metadata empty: ",
        "< trailer desk: closed",
      ])
  }

  @Test(arguments: ["Echo", "EchoAll"])
  func `without --verbose, nothing is told of metadata`(method: String) async throws {
    let result = try await desk("call", "ADDRESS", "shelf.v1.Desk/\(method)", "-H", "a: b")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test(arguments: [
    ["list", "ADDRESS"], ["describe", "ADDRESS"], ["call", "ADDRESS", "shelf.v1.Desk/Echo"],
  ])
  func `a server that asks for a token is asked for its schema with it`(
    arguments: [String]
  ) async throws {
    let options = ServerOptions(interceptors: [TokenGuard()])
    try await withShelf(options, services: [DeskServer()]) { address in
      let arguments = arguments.map { $0 == "ADDRESS" ? address : $0 }
      let baton = Tool.product("baton")
      let refused = try await Tool.run(baton, arguments)
      #expect(refused.errors == "baton: UNAUTHENTICATED: expected a token\n")
      #expect(refused.status == 16)
      let answered = try await Tool.run(baton, arguments + ["-H", "authorization: Bearer abc"])
      #expect(answered.errors == "")
      #expect(answered.status == 0)
    }
  }

  @Test(arguments: ["Refuse", "RefuseAll"])
  func `an error's details are JSON where their type is known, else their type and size`(
    method: String
  ) async throws {
    let result = try await desk(
      "call", "ADDRESS", "shelf.v1.Desk/\(method)", #"{"code": 9, "message": "as\u007f asked"}"#)
    #expect(
      result.errors == """
        baton: FAILED_PRECONDITION: as\u{FFFD} asked
        baton: detail: {"@type":"type.googleapis.com/shelf.v1.FailRequest","code":9,\
        "message":"as\\u007f asked"}
        baton: detail: {"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}
        baton: detail: type.googleapis.com/desk.v1.Unknown, 3 bytes
        baton: detail: type.googleapis.com/shelf.v1.FailRequest, 1 bytes

        """)
    #expect(result.status == 9)
    #expect(result.text == "")
  }

  @Test(arguments: ["Refuse", "RefuseAll"])
  func `--verbose tells the trailers of a call that fails`(method: String) async throws {
    let result = try await desk(
      "call", "ADDRESS", "shelf.v1.Desk/\(method)", #"{"code": 9}"#, "-v")
    let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("< ") }
    #expect(told == ["< trailer desk: closed"])
    #expect(result.status == 9)
  }

  @Test(arguments: [
    ("token", "expected KEY: VALUE such as authorization: Bearer abc, got \"token\""),
    (": x", "expected a key of 1 to 256 of a-z, 0-9, -, _ and ., got \"\""),
    ("a key: x", "expected a key of 1 to 256 of a-z, 0-9, -, _ and ., got \"a key\""),
    ("\u{212A}ey: x", "expected a key of 1 to 256 of a-z, 0-9, -, _ and ., got \"\u{212A}ey\""),
    (
      "key: \u{E4}",
      "key: expected printable ASCII, got \"\u{E4}\"; "
        + "bytes go as base64 behind a key that ends in -bin"
    ),
    ("key-bin: a", "key-bin: expected base64, as the key ends in -bin, got \"a\""),
  ])
  func `metadata that cannot be sent is wrong usage`(
    header: String, message: String
  ) async throws {
    for command in [["call", "a", "b"], ["list", "a"], ["describe", "a"]] {
      let result = try await Tool.run(Tool.product("baton"), command + ["-H", header])
      #expect(
        result.errors
          == "baton: The value '\(header)' is invalid for '-H <key: value>': \(message); "
          + "see baton \(command[0]) --help\n")
      #expect(result.status == 64)
    }
  }
}
