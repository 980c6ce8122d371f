import Testing

/// What becomes of standard streams that are closed or full.
@Suite(.timeLimit(.minutes(2))) struct StandardStreamTests {
  /// `baton` with `arguments` as a shell starts it with `redirection`.
  private func baton(
    _ arguments: String..., redirection: String
  ) async throws -> Tool.Result {
    try await Tool.run(
      "/bin/sh", ["-c", #"exec "$0" "$@" \#(redirection)"#, Tool.product("baton")] + arguments)
  }

  private static let closed =
    "baton: cannot write to standard output: it is closed, or not open for writing\n"

  @Test(
    arguments: [
      ["list", "ADDRESS"], ["describe", "ADDRESS"],
      ["call", "ADDRESS", "files.v1.FileBroker/Open", #"{"path": "README.md"}"#],
      [
        "call", "ADDRESS", "files.v1.FileBroker/Open", #"{"path": "README.md"}"#, "--cat", "file",
      ], ["--help"], ["call", "--help"], ["--generate-completion-script", "bash"],
    ], [(">&-", closed), (">/dev/full", nil)])
  func `output that cannot be written is an error`(
    arguments: [String], redirection: (String, String?)
  ) async throws {
    let arguments = arguments.map { $0 == "ADDRESS" ? Tool.broker() : $0 }
    let result = try await Tool.run(
      "/bin/sh", ["-c", #"exec "$0" "$@" \#(redirection.0)"#, Tool.product("baton")] + arguments)
    if let message = redirection.1 {
      #expect(result.errors == message)
    } else {
      #expect(result.errors.hasSuffix(": No space left on device\n"))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    #expect(result.status == 74)
  }

  @Test func `a request from standard input that is closed is wrong usage`() async throws {
    for method in ["Count", "Watch"] {
      let result = try await baton(
        "call", Tool.broker(), "files.v1.FileBroker/\(method)", "-", redirection: "<&-")
      #expect(
        result.errors == "baton: cannot read the request from standard input: it is closed\n")
      #expect(result.status == 64)
    }
  }

  @Test func `a standard stream that is closed is no descriptor of a request`() async throws {
    let result = try await baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", #"{"files": ["stdin"]}"#,
      redirection: "<&-")
    #expect(
      result.errors
        == "baton: the request: files[0]: line 1, column 12: cannot open descriptor 0: "
        + "Bad file descriptor\n")
    #expect(result.status == 64)
  }

  @Test(arguments: 4...10)
  func `too few open files are told`(limit: Int) async throws {
    // The shell needs some itself to redirect, so the limit comes last.
    let result = try await Tool.run(
      "/bin/sh",
      ["-c", #"ulimit -n \#(limit); exec "$0" list "$1""#, Tool.product("baton"), Tool.broker()])
    #expect(
      result.errors.hasPrefix("baton: expected room for at least 8 more open files, got "))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.status == 71)
  }
}
