import Testing

/// What errors repeat of what they were given: so much that it is known again.
@Suite(.timeLimit(.minutes(2))) struct EchoedTextTests {
  @Test(arguments: [
    #"{"NAME": []}"#, #"{"files": ["NAME"]}"#, #"{"files": ["r:NAME"]}"#,
    #"{"NAME": 1, "NAME": 2}"#,
    #"{"NAME""#,
  ])
  func `an error repeats no more than the beginning of a long text`(request: String) async throws {
    let name = String(repeating: "a", count: 1_000_000)
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", "-",
      input: request.replacing("NAME", with: name))
    #expect(result.status == 64)
    #expect(result.errors.hasPrefix("baton: the request: "))
    #expect(result.errors.utf8.count < 1000)
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func `an error repeats no more than the beginning of a long argument`() async throws {
    let long = String(repeating: "a", count: 100_000)
    let open = "files.v1.FileBroker/Open"
    for arguments in [
      ["call", "unix:\(long)", open], ["call", "exec:\(long)", open], ["call", long, open],
      ["call", Tool.broker(), long], ["call", Tool.broker(), "\(long)/Open"],
      ["call", Tool.broker(), "files.v1.FileBroker/\(long)"], ["describe", Tool.broker(), long],
      ["call", Tool.broker(), open, "@\(long)"], ["call", Tool.broker(), open, "--cat", long],
      ["call", Tool.broker(), open, "--save", long],
      ["call", Tool.broker(), open, "--save", "\(long)=x"],
      ["call", Tool.broker(), open, "--schema", long],
      ["call", Tool.broker(), open, "--schema", "\(long).proto"],
      ["call", Tool.broker(), open, "--timeout", long], ["call", Tool.broker(), open, "--\(long)"],
      ["call", Tool.broker(), open, "-H", long],
      ["list", Tool.broker(), "--header", "a: \(long)é"],
      [long], ["call", Tool.broker(), open, "{}", long],
      ["call", Tool.broker(), open, #"{"path": "README.md"}"#, "--save", "file=\(long)"],
      ["call", Tool.broker(), open, #"{"path": "README.md"}"#, "--exec", "--", long],
    ] {
      let result = try await Tool.run(Tool.product("baton"), arguments)
      let start = result.errors.prefix(200)
      #expect(result.status != 0, "\(start)")
      #expect(result.errors.hasPrefix("baton: "), "\(start)")
      #expect(result.errors.utf8.count < 2000, "\(start)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(start)")
    }
  }

  @Test(arguments: [
    (["call", "ADDRESS", ""], #"expected a method such as files.v1.FileBroker/Open, got """#),
    (
      ["call", "ADDRESS", "/Open"],
      #"expected a method such as files.v1.FileBroker/Open, got "/Open""#
    ),
    (
      ["call", "", "a.B/C"],
      #"expected unix:PATH, unix:@NAME, fd:NUMBER, exec:COMMAND or, for servers, systemd, got """#
    ),
    (["call", "exec:", "a.B/C"], #"expected exec:COMMAND, got "exec:""#),
    (["call", "exec:''", "a.B/C"], #"expected exec:COMMAND, got "exec:''""#),
    (
      ["describe", "ADDRESS", ""],
      #"expected a symbol such as files.v1.FileBroker, got ""; see baton describe --help"#
    ),
    (["describe", "ADDRESS", "/"], #"the schema has no "/"; it has "#),
    (
      ["call", "ADDRESS", "OPEN", "@"],
      "expected the request's file behind @, as in @request.json, got @"
    ),
    (["call", "ADDRESS", "OPEN", "--save", "=x"], #"expected --save FIELD=PATH, got "=x""#),
    (["call", "ADDRESS", "OPEN", "--save", "file="], #"expected --save FIELD=PATH, got "file=""#),
    (
      ["call", "ADDRESS", "OPEN", "--cat", ""],
      #"--cat: expected a path like files[1].content, got """#
    ),
    (
      ["call", "ADDRESS", "OPEN", "--schema", ""],
      #"expected a file behind --schema, got ""; see baton call --help"#
    ),
    (
      ["call", "ADDRESS", "OPEN", "--exec", "--", ""],
      #"expected a command behind --exec --, got ""; see baton call --help"#
    ),
  ])
  func `an empty name is wrong usage and is shown in quotes`(
    arguments: [String], message: String
  ) async throws {
    let arguments = arguments.map { argument in
      switch argument {
      case "ADDRESS": Tool.broker()
      case "OPEN": "files.v1.FileBroker/Open"
      default: argument
      }
    }
    let result = try await Tool.run(Tool.product("baton"), arguments)
    #expect(result.errors.hasPrefix("baton: \(message)"))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.text == "")
    #expect(result.status == 64)
  }
}
