import Baton
import BatonCommand
import Foundation
import Glibc
import Testing

/// `baton list`, `baton describe` and what the shell completes.
@Suite(.timeLimit(.minutes(2))) struct SchemaCommandTests {
  @Test func `list prints the services, and with -l their methods`() async throws {
    #expect(
      try await Tool.baton("list", Tool.broker()).text == """
        baton.reflection.v1.Reflection
        files.v1.FileBroker
        grpc.health.v1.Health

        """)
    #expect(
      try await Tool.baton("list", "-l", Tool.broker()).text == """
        baton.reflection.v1.Reflection
          Describe(DescribeRequest) returns (DescribeReply)
        files.v1.FileBroker
          Open(OpenRequest) returns (OpenReply)
          Count(CountRequest) returns (CountReply)
          Watch(WatchRequest) returns (stream WatchEvent)
        grpc.health.v1.Health
          Check(HealthCheckRequest) returns (HealthCheckResponse)
          List(HealthListRequest) returns (HealthListResponse)
          Watch(HealthCheckRequest) returns (stream HealthCheckResponse)

        """)
  }

  @Test func `describe prints the schema as its author wrote it`() async throws {
    let (source, health) = try (
      String(
        contentsOf: Tool.package.appending(path: "Schemas/files/v1/broker.proto"), encoding: .utf8),
      String(
        contentsOf: Tool.package.appending(path: "Schemas/grpc/health/v1/health.proto"),
        encoding: .utf8)
    )
    for (arguments, source) in [
      ([], health + "\n" + source), (["files/v1/broker.proto"], source),
      (["grpc/health/v1/health.proto"], health),
    ] {
      let result = try await Tool.run(
        Tool.product("baton"), ["describe", Tool.broker()] + arguments)
      #expect(result.text == source)
      #expect(result.errors == "")
    }
  }

  @Test(arguments: ["shelf.v1.Shelf/Fail", "shelf.v1.Shelf.Fail"])
  func `describe prints a method with its messages`(symbol: String) async throws {
    let result = try await withShelf { try await Tool.baton("describe", $0, symbol) }
    #expect(
      result.text == """
        // Ends in the error that it is asked for.
        rpc Fail(FailRequest) returns (TakeReply);

        message FailRequest {
          int32 code = 1;
          string message = 2;
        }

        message TakeReply {
          repeated Item items = 1;
          // The writing end of a pipe.
          uint32 spare_part = 2 [(baton.descriptor) = {kind: PIPE}];
          map<string, uint32> by_text = 3 [(baton.descriptor) = {access: READ}];
        }

        """)
  }

  @Test func `describe tells near names of an unknown symbol`() async throws {
    let result = try await withShelf { try await Tool.baton("describe", $0, "shelf.v1.Itme") }
    #expect(result.status == 64)
    #expect(
      result.errors.hasPrefix("baton: the schema has no \"shelf.v1.Itme\"; it has shelf.v1.Item,"))
  }

  @Test func `a server without reflection cannot be listed`() async throws {
    let result = try await withShelf(ServerOptions(reflection: false)) {
      try await Tool.baton("list", $0)
    }
    #expect(result.status == 12)
    #expect(result.text == "")
  }

  @Test func `colours are for terminals only`() async throws {
    let address = Tool.broker()
    let script = try #require(Tool.find("script"))
    func onTerminal(_ environment: [String: String]) async throws -> String {
      let command = "'\(Tool.product("baton"))' describe \"$ADDRESS\" files.v1.FileBroker"
      return try await Tool.run(
        script, ["-qec", command, "/dev/null"],
        environment: environment.merging(["ADDRESS": address, "TERM": "xterm"]) { $1 }
      ).text
    }
    let coloured = try await onTerminal(["NO_COLOR": ""])
    #expect(coloured.contains("\u{1B}[1mservice\u{1B}[0m FileBroker"), "\(coloured)")
    #expect(try await !onTerminal(["NO_COLOR": "1"]).contains("\u{1B}"))
    #expect(try await !Tool.baton("describe", address).text.contains("\u{1B}"))
  }

  // MARK: Completion

  @Test(arguments: ["bash", "zsh", "fish"])
  func `the shell accepts its completion script`(shell: String) async throws {
    guard let program = Tool.find(shell) else { return }
    let made = try await Tool.baton("--generate-completion-script", shell)
    #expect(made.status == 0)
    let scratch = try Scratch()
    try scratch.file("completion", containing: made.text)
    let result = try await Tool.run(program, ["-n", scratch.path("completion")])
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `addresses, methods and symbols of live servers are completed`() async throws {
    try await withShelf { address in
      // The server runs when it has answered.
      let answer = try await Tool.baton("list", address)
      #expect(answer.status == 0)
      let words = ["baton", "call", address, ""]
      #expect(Completions.addresses(words, 2, "").contains(address))
      #expect(
        await Completions.methods(words, 3, "").sorted() == [
          "baton.reflection.v1.Reflection/Describe", "shelf.v1.Shelf/Fail",
          "shelf.v1.Shelf/Return", "shelf.v1.Shelf/Take", "shelf.v1.Shelf/Wait",
        ])
      #expect(await Completions.symbols(words, 3, "").contains("shelf.v1.Item"))
    }
  }

  @Test(arguments: [
    (["call", "unix", ":", "@ADDRESS"], ["@ADDRESS"]),
    (["call", "unix", ":", "@ADDRESS", "shelf.v1.Shelf/T"], ["shelf.v1.Shelf/Take"]),
    (["describe", "unix", ":", "@ADDRESS", "shelf.v1.It"], ["shelf.v1.Item"]),
    (
      ["call", "unix", ":", "@ADDRESS", "shelf.v1.Shelf/Take", "--cat", ""],
      ["items[0].content", "spare_part", "by_text[0]"]
    ),
  ])
  func `bash completes behind the colon of an address`(
    words: [String], expected: [String]
  ) async throws {
    let bash = try #require(Tool.find("bash"))
    let made = try await Tool.baton("--generate-completion-script", "bash")
    let scratch = try Scratch()
    try scratch.file("completion", containing: made.text)
    let result = try await withShelf { address in
      let name = String(address.dropFirst("unix:@".count))
      let words = words.map { $0.replacing("ADDRESS", with: name) }
      // Words as readline hands them over; the colon has no space around it.
      let line = ([Tool.product("baton")] + words).joined(separator: " ").replacing(
        " : ", with: ":")
      let script = """
        source "$1"; COMP_LINE="$2" COMP_POINT="${#2}"; shift 2
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _baton_with_colons "$1"
        printf '%s\\n' "${COMPREPLY[@]}"
        """
      let answer = try await Tool.run(
        bash,
        ["-c", script, "bash", scratch.path("completion"), line, Tool.product("baton")] + words)
      return answer.text.replacing(name, with: "ADDRESS")
    }
    #expect(result.split(separator: "\n").map(String.init) == expected)
  }

  @Test func `bash runs nothing that a socket's name holds`() async throws {
    let scratch = try Scratch()
    // Fewer bytes than a socket's name has room for.
    let name = "it's $(cd \(scratch.url.path); :>new) `id` \\"
    let server = Server(address: "unix:@\(name)", services: [])
    try server.bind()
    let bash = try #require(Tool.find("bash"))
    let script = """
      COMP_WORDS=("$1" list unix:@it) COMP_LINE="$1 list unix:@it" COMP_CWORD=2
      COMP_POINT="${#COMP_LINE}"; source <("$1" --generate-completion-script bash)
      _baton "$1" unix:@it list; printf '%s\n' "${COMPREPLY[@]}"
      """
    let result = try await Tool.run(bash, ["-c", script, "bash", Tool.product("baton")])
    #expect(result.text == "unix:@\(name)\n")
    #expect(access(scratch.path("new"), F_OK) != 0)
  }

  @Test(arguments: [
    (["call", "exec:x", "a.B/C", ""], []),
    (["call", "exec:x", "a.B/C", "@req"], ["@request.json"]),
    (["call", "exec:x", "a.B/C", "{}", ""], []),
    (["call", "exec:x", "a.B/C", "--exec", "--", "command-of"], ["command-of-the-test"]),
    (["call", "exec:x", "a.B/C", "{}", "--exec", "--", "command-of"], ["command-of-the-test"]),
    (["call", "exec:x", "a.B/C", "--exec", "--", "cat", "req"], ["request.json"]),
    (["call", "exec:x", "a.B/C", "--exec", "--", "cat", "f"], ["folder of two words/"]),
  ])
  func `files and programs are offered where they belong`(
    words: [String], expected: [String]
  ) async throws {
    let bash = try #require(Tool.find("bash"))
    let scratch = try Scratch()
    try scratch.file("request.json", containing: "{}")
    try scratch.file("command-of-the-test", containing: "")
    try #require(chmod(scratch.path("command-of-the-test"), 0o700) == 0)
    try #require(mkdir(scratch.path("folder of two words"), 0o700) == 0)
    let script = """
      source <("$1" --generate-completion-script bash)
      COMP_WORDS=("$@") COMP_LINE="$*" COMP_CWORD=$(($# - 1)) COMP_POINT="${#COMP_LINE}"
      _baton "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
      [ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
      """
    let result = try await Tool.run(
      bash, ["-c", script, "bash", Tool.product("baton")] + words,
      environment: ["PATH": "\(scratch.url.path):/usr/bin:/bin"], directory: scratch.url)
    #expect(result.text.split(separator: "\n").map(String.init) == expected)
  }

  @Test func `zsh does not take what stands behind a colon for a description`() async throws {
    let result = try await withShelf { address in
      let answer = try await Tool.run(
        Tool.product("baton"), ["---completion", "call", "--", "positional@0", "2", "0", "baton"],
        environment: ["SAP_SHELL": "zsh"])
      return answer.text.contains(address.replacing(":", with: "\\:"))
    }
    #expect(result)
  }

  @Test func `zsh puts no space behind a scheme`() async throws {
    let made = try await Tool.baton("--generate-completion-script", "zsh")
    #expect(made.text.contains(#"schemes=("${(@M)non_empty_completions:#(unix|exec|fd)\\:}")"#))
    #expect(made.text.contains("    _describe -V '' schemes -S '' -- others -- empty_completions"))
  }

  @Test func `completing starts no program`() async {
    #expect(await Completions.methods(["baton", "call", Tool.broker(), ""], 3, "") == [])
  }
}
