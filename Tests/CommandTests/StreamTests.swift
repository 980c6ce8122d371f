import BatonMessages
import Foundation
import Glibc
import SystemPackage
import Testing

/// `baton call` of methods with streams.
@Suite(.timeLimit(.minutes(2))) struct StreamTests {
  private static let texts = #"{"texts": ["one", "", "three"]}"#

  private func expect(
    _ result: Tool.Result, _ status: Int32, _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.errors == "baton: \(message)\n", sourceLocation: location)
    #expect(result.status == status, sourceLocation: location)
  }

  // MARK: Replies

  @Test func `the replies of a stream are lines of JSON`() async throws {
    try await RunningBelt.run { belt in
      let result = try await belt.call("Deal", Self.texts)
      let lines = result.text.split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines[0].hasPrefix(#"{"items":[{"name":"one","content":{"kind":"MEMORY","#))
      #expect(lines[1] == "{}")
      #expect(result.text.hasSuffix("}\n"))
      #expect(result.errors == "")
      #expect(result.status == 0)
    }
  }

  @Test func `--limit ends a stream that goes on, and its call`() async throws {
    try await RunningBelt.run { belt in
      let result = try await belt.call("Drip", Self.texts, "--limit", "2")
      #expect(result.text.split(separator: "\n").count == 2)
      #expect(result.errors == "")
      #expect(result.status == 0)
      await belt.untilLeft()
    }
  }

  @Test func `--limit is wrong usage where there is one reply`() async throws {
    try await RunningBelt.run { belt in
      expect(
        try await belt.call("Collect", "-", "--limit", "2"), 64,
        "--limit is for a stream of replies, and shelf.v1.Belt/Collect has one reply")
    }
  }

  @Test func `a stream that ends in an error ends behind its replies`() async throws {
    try await RunningBelt.run { belt in
      let result = try await belt.call("Drip", Self.texts, "--timeout", "2s")
      #expect(result.text.split(separator: "\n").count == 3)
      #expect(result.errors.hasPrefix("baton: DEADLINE_EXCEEDED: "))
      #expect(result.errors.split(separator: "\n").count == 1)
      #expect(result.status == 4)
    }
  }

  // MARK: Requests

  @Test(arguments: ["-", "@requests"])
  func `requests are lines of JSON, and their reply is printed as always`(
    argument: String
  ) async throws {
    let scratch = try Scratch()
    // Lines with nothing on them do not count, and the last need not end.
    let requests = "{\"content\": \"text:a\"}\n\n  \n{\"content\": \"text:b\"}"
    try scratch.file("requests", containing: requests)
    let result = try await RunningBelt.run {
      try await $0.call("Collect", argument, input: requests, directory: scratch.url)
    }
    #expect(result.text == "{\n  \"texts\": [\n    \"a\",\n    \"b\"\n  ]\n}\n")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `no requests are a stream, too`() async throws {
    let result = try await RunningBelt.run { try await $0.call("Collect", "-", "--compact") }
    #expect(result.text == "{}\n")
    #expect(result.status == 0)
  }

  @Test func `a stream of requests that is not given is wrong usage`() async throws {
    let result = try await RunningBelt.run { try await $0.call("Swap") }
    expect(
      result, 64,
      "shelf.v1.Belt/Swap takes a stream of requests: expected - or @FILE, with one on each line")
  }

  @Test func `the lines of the argument are a stream of requests`() async throws {
    let result = try await RunningBelt.run {
      try await $0.call(
        "Collect", "{\"content\": \"text:a\"}\n{\"content\": \"text:b\"}", "--compact")
    }
    #expect(result.text == #"{"texts":["a","b"]}"# + "\n")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `more requests than a window pass through a bidirectional stream`() async throws {
    let input = (0..<3000).map { "{\"name\": \"\($0)\", \"content\": \"text:x\"}\n" }.joined()
    let result = try await RunningBelt.run { try await $0.call("Swap", "-", input: input) }
    let names = result.text.split(separator: "\n").map { $0.prefix { $0 != "," } }
    #expect(names == (0..<3000).map { "{\"name\":\"\($0)\"" })
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `a reply comes while requests are still written`() async throws {
    let script = """
      coproc baton { "$0" call "$1" shelf.v1.Belt/Swap -; }
      for name in a b; do
        echo '{"content": "text:x", "name": "'$name'"}' >&"${baton[1]}"
        read -r reply <&"${baton[0]}" && echo "${reply%%,*}"
      done
      exec {baton[1]}>&-
      wait "$baton_PID"
      """
    let bash = try #require(Tool.find("bash"))
    let result = try await RunningBelt.run {
      try await Tool.run(bash, ["-c", script, Tool.product("baton"), $0.address])
    }
    #expect(result.text == "{\"name\":\"a\"\n{\"name\":\"b\"\n")
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: [
    ("{", 64, "column 2: expected a name in double quotes, got the end of the text"),
    (
      #"{"content": "r:/no/such"}"#, 64,
      "content: column 13: cannot open \"/no/such\" for reading: No such file or directory"
    ),
    (#"{"kontent": "text:b"}"#, 64, "column 2: shelf.v1.Item has no field \"kontent\"; "),
    ("{}", 3, "content: expected "),
  ])
  func `a bad line is one error with its number, and cancels the call`(
    line: String, status: Int32, message: String
  ) async throws {
    try await RunningBelt.run { belt in
      let result = try await belt.call(
        "Collect", "-", input: "{\"content\": \"text:a\"}\n\(line)\n{\"content\": \"text:c\"}\n")
      #expect(
        result.errors.hasPrefix("baton: the request in line 2: \(message)"), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
      #expect(result.status == status)
      #expect(result.text == "")
      await belt.untilLeft()
    }
  }

  @Test func `a server that ends the call early is heard while input is waited for`() async throws {
    let scratch = try Scratch()
    try #require(mkfifo(scratch.path("input"), 0o600) == 0)
    // Open for both, so that it neither waits nor ends.
    let result = try await RunningBelt.run {
      try await Tool.run(
        "/bin/sh",
        [
          "-c", #"exec "$0" call "$1" shelf.v1.Belt/Reject - <> "$2""#, Tool.product("baton"),
          $0.address, scratch.path("input"),
        ])
    }
    expect(result, 9, "FAILED_PRECONDITION: no more room")
  }

  // MARK: Interruption

  @Test func `each reply is printed when it comes, and Ctrl-C ends the call without a word`()
    async throws
  {
    try await RunningBelt.run { belt in
      let baton = try PipedTool(["call", belt.address, "shelf.v1.Belt/Drip", Self.texts])
      #expect(await baton.line()?.hasPrefix(#"{"name":"one","#) == true)
      kill(baton.tool.processID, SIGINT)
      let result = try await baton.tool.finish()
      #expect(result.errors == "")
      #expect(result.status == -SIGINT)
      await belt.untilLeft()
    }
  }

  @Test func `Ctrl-C ends a command that waits for requests`() async throws {
    let scratch = try Scratch()
    try #require(mkfifo(scratch.path("input"), 0o600) == 0)
    try await RunningBelt.run { belt in
      let baton = try PipedTool(
        ["call", belt.address, "shelf.v1.Belt/Swap", "@\(scratch.path("input"))"])
      let writer = try scratch.open("input", O_RDWR)
      try writer.write(contentsOf: Data("{\"content\": \"text:a\"}\n".utf8))
      #expect(await baton.line() != nil)
      kill(baton.tool.processID, SIGINT)
      let result = try await baton.tool.finish()
      #expect(result.errors == "")
      #expect(result.status == -SIGINT)
      try writer.close()
    }
  }

  @Test func `Ctrl-C leaves no server behind that exec: started`() async throws {
    let scratch = try Scratch()
    let program = try SilentProgram()
    let broker = "exec \(Tool.product("file-broker")) --root \(scratch.url.path)"
    let baton = try PipedTool(
      ["call", "exec:\(program.shell(broker))", "files.v1.FileBroker/Watch"])
    let result = try await program.watch {
      // Created or changed: the watch may begin between the two.
      let line = try await baton.untilLine { try scratch.file("note", containing: "x") }
      #expect(line.contains(#"D","path":"note","#))
      #expect(try baton.tool.children().count == 1)
      kill(baton.tool.processID, SIGINT)
      return try await baton.tool.finish()
    }
    #expect(result.errors == "")
    #expect(result.status == -SIGINT)
  }

  @Test func `the call's time bounds the command of --exec, too`() async throws {
    let program = try SilentProgram()
    try await RunningBelt.run { belt in
      let baton = try PipedTool(
        ["call", belt.address, "shelf.v1.Belt/Drip", Self.texts, "--timeout", "8s", "--exec", "--"]
          + program.words("exec sleep 3600"))
      let result = try await program.watch { try await baton.tool.finish() }
      #expect(result.errors == "baton: DEADLINE_EXCEEDED: the call's deadline passed\n")
      #expect(result.status == 4)
      await belt.untilLeft()
    }
  }

  @Test(arguments: [SIGINT, SIGTERM], [false, true])
  func `Ctrl-C or SIGTERM ends the command of --exec, and baton with it`(
    signal: Int32, ignoresSIGTERM: Bool
  ) async throws {
    let program = try SilentProgram(ignoresSIGTERM: ignoresSIGTERM)
    try await RunningBelt.run { belt in
      let baton = try PipedTool(
        ["call", belt.address, "shelf.v1.Belt/Drip", Self.texts, "--exec", "--"]
          + program.words("exec sleep 3600"))
      let result = try await program.watch {
        kill(baton.tool.processID, signal)
        return try await baton.tool.finish()
      }
      #expect(result.errors == "")
      #expect(result.status == -signal)
      await belt.untilLeft()
    }
  }

  // MARK: Watching files

  @Test func `the broker's changes come with the changed files`() async throws {
    let scratch = try Scratch()
    let baton = try PipedTool([
      "call", Tool.broker(root: scratch.url), "files.v1.FileBroker/Watch", "--cat", "file",
      "--limit", "40",
    ])
    var text = try await baton.untilLine { try scratch.file("note", containing: "changed\n") }
    for number in 0..<20 { try scratch.file("note-\(number)", containing: "changed\n") }
    while let more = await baton.line() { text += more }
    #expect(Set(text.split(separator: "\n")) == ["changed"])
    let result = try await baton.tool.finish()
    #expect(result.errors == "")
    #expect(result.status == 0)
  }
}

/// `baton`, whose output is read while it runs.
private struct PipedTool {
  let tool: Tool
  private let reading: FileHandle

  init(_ arguments: [String]) throws {
    let ends = try Descriptor.pipe()
    reading = Self.handle(ends.reading)
    let writing = Self.handle(ends.writing)
    tool = try Tool(Tool.product("baton"), arguments, output: writing)
    try writing.close()
  }

  private static func handle(_ end: Descriptor) -> FileHandle {
    let number = end.withFileDescriptor { fcntl($0.rawValue, F_DUPFD_CLOEXEC, 3) }
    return FileHandle(fileDescriptor: number, closeOnDealloc: true)
  }

  /// What comes next; nil at the end.
  func line() async -> String? {
    let reading = reading
    let data = await elsewhere { reading.availableData }
    return data.isEmpty ? nil : String(decoding: data, as: UTF8.self)
  }

  /// Does `change` again and again until there is output.
  func untilLine(_ change: () throws -> Void) async throws -> String {
    var entry = pollfd(fd: reading.fileDescriptor, events: Int16(POLLIN), revents: 0)
    repeat {
      try change()
      await Task.yield()
    } while poll(&entry, 1, 1) == 0
    return try #require(await line())
  }
}
