import Baton
import Foundation
import Glibc
import Testing

/// What ends a command that waits for something which does not come.
@Suite(.timeLimit(.minutes(2))) struct WaitingTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    for name in ["fifo", "other"] { try #require(mkfifo(scratch.path(name), 0o600) == 0) }
  }

  private func expectLate(
    _ result: Tool.Result, _ message: String, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      result.errors == "baton: DEADLINE_EXCEEDED: \(message) within 5.0 seconds (--timeout)\n",
      sourceLocation: location)
    #expect(result.status == 4, sourceLocation: location)
    #expect(result.text == "", sourceLocation: location)
  }

  // MARK: --timeout

  @Test(arguments: [("r", "reading"), ("w", "writing"), ("memory", "memory")])
  func `a FIFO that nobody opens is waited for as long as --timeout says`(
    form: String, purpose: String
  ) async throws {
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Count", #"{"files": ["\#(form):fifo"]}"#,
      "--timeout", "5s", directory: scratch.url)
    let preposition = form == "memory" ? "as" : "for"
    expectLate(
      result, #"the request: files[0]: cannot open "fifo" \#(preposition) \#(purpose)"#)
  }

  @Test func `so is one that a request of a stream names`() async throws {
    let result = try await RunningBelt.run {
      try await $0.call(
        "Swap", "-", "--timeout", "5s", input: "\n{\"content\": \"r:fifo\"}\n",
        directory: scratch.url)
    }
    expectLate(result, #"the request in line 2: content: cannot open "fifo" for reading"#)
  }

  @Test func `what kept the request is told, too, where the server says first that it is late`()
    async throws
  {
    let result = try await RunningBelt.run { belt in
      let baton = try Tool(
        Tool.product("baton"),
        ["call", belt.address, "shelf.v1.Belt/Collect", "-", "--timeout", "5s"],
        input: "{\"content\": \"text:one\"}\n{\"content\": \"memory:fifo\"}\n",
        directory: scratch.url)
      // It reads what it has opened for as long as this end is open.
      let path = scratch.path("fifo")
      let writing = await elsewhere { open(path, O_WRONLY | O_CLOEXEC) }
      defer { close(writing) }
      kill(baton.processID, SIGSTOP)
      await belt.untilLeft()
      kill(baton.processID, SIGCONT)
      return try await baton.finish()
    }
    expectLate(result, #"the request in line 2: content: cannot open "fifo" as memory"#)
  }

  @Test(arguments: ["Count", "Watch"])
  func `so is the request, from a FIFO or from standard input`(method: String) async throws {
    let name = "files.v1.FileBroker/\(method)"
    let late = "cannot read the request from"
    expectLate(
      try await Tool.baton(
        "call", Tool.broker(), name, "@fifo", "--timeout", "5s", directory: scratch.url),
      "\(late) fifo to its end")
    // Open for both, so that it neither waits nor ends.
    expectLate(
      try await Tool.run(
        "/bin/sh",
        [
          "-c", #"exec "$0" call "$1" "$2" - --timeout 5s <> fifo"#, Tool.product("baton"),
          Tool.broker(), name,
        ], directory: scratch.url), "\(late) standard input to its end")
  }

  @Test func `so is the hello of a server that accepts the connection`() async throws {
    let address = "unix:@baton-silent-\(UInt64.random(in: 0 ... .max))"
    let server = Server(address: address, services: [ShelfServer()])
    // The kernel accepts, and nobody says hello.
    try server.bind()
    let late = try await Tool.baton("list", address, "--timeout", "5s")
    let unavailable = try await Tool.baton("list", address)
    withExtendedLifetime(server) {}
    expectLate(late, "cannot connect to \(address)")
    #expect(
      unavailable.errors
        == "baton: \(address) did not answer: the peer did not say hello in time\n")
    #expect(unavailable.status == 69)
  }

  @Test func `so is the hello of a program that exec: starts, which is ended`() async throws {
    let program = try SilentProgram()
    let baton = try Tool(Tool.product("baton"), ["list", program.address, "--timeout", "5s"])
    let result = try await program.watch { try await baton.finish() }
    #expect(result.errors.hasPrefix("baton: DEADLINE_EXCEEDED: cannot connect to exec:/bin/sh "))
    #expect(result.errors.hasSuffix(" within 5.0 seconds (--timeout)\n"))
    #expect(result.status == 4)
  }

  @Test func `a call that ends is not kept by what its next request opens`() async throws {
    let result = try await RunningBelt.run {
      try await $0.call(
        "Reject", "-", input: "{\"content\": \"r:fifo\"}\n", directory: scratch.url)
    }
    #expect(result.errors == "baton: FAILED_PRECONDITION: no more room\n")
    #expect(result.status == 9)
  }

  // MARK: Signals

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends a command that opens a FIFO, and its server`(signal: Int32) async throws {
    let program = try SilentProgram()
    let broker = "exec \(Tool.product("file-broker")) --root \(scratch.url.path)"
    let baton = try Tool(
      Tool.product("baton"),
      [
        "call", "exec:\(program.shell(broker))", "files.v1.FileBroker/Count",
        #"{"files": ["r:fifo", "r:other"]}"#,
      ], directory: scratch.url)
    let path = scratch.path("fifo")
    let result = try await program.watch {
      // Opens when the command does, whose next step is to open the other.
      let writing = await elsewhere { open(path, O_WRONLY | O_CLOEXEC) }
      defer { close(writing) }
      kill(baton.processID, signal)
      return try await baton.finish()
    }
    #expect(result.errors == "")
    #expect(result.status == -signal)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends a command that reads its request`(signal: Int32) async throws {
    let input = try scratch.open("fifo", O_RDWR)
    let baton = try Tool(
      Tool.product("baton"), ["call", Tool.broker(), "files.v1.FileBroker/Count", "@fifo"],
      directory: scratch.url)
    // More than a pipe holds: somebody reads.
    try await elsewhere { Result { try input.write(contentsOf: Data(count: 100_000)) } }.get()
    kill(baton.processID, signal)
    let result = try await baton.finish()
    #expect(result.errors == "")
    #expect(result.status == -signal)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal in a call leaves no server behind, which may be stopped`(
    signal: Int32
  ) async throws {
    let program = try SilentProgram()
    let broker = "exec \(Tool.product("file-broker")) --root \(scratch.url.path)"
    let baton = try Tool(
      Tool.product("baton"),
      [
        "call", "exec:\(program.shell(broker))", "files.v1.FileBroker/Count",
        #"{"files": ["r:fifo"]}"#,
      ], directory: scratch.url)
    let path = scratch.path("fifo")
    let result = try await program.watch {
      let writing = await elsewhere { open(path, O_WRONLY | O_CLOEXEC) }
      defer { close(writing) }
      let server = try #require(try baton.children().first)
      #expect(kill(server, SIGSTOP) == 0)
      kill(baton.processID, signal)
      return try await baton.finish()
    }
    #expect(result.errors == "")
    #expect(result.status == -signal)
  }
}
