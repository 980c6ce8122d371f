import Foundation
import Glibc
import Testing

/// What becomes of the program that an `exec:` address starts.
@Suite(.timeLimit(.minutes(2))) struct ChildTests {
  @Test func `the server of exec: is gone before the command of --exec runs`() async throws {
    let script = #"read -r children < /proc/$$/task/$$/children; echo "children: $children""#
    let result = try await Tool.baton(
      "call", Tool.broker(), "files.v1.FileBroker/Open", #"{"path": "README.md"}"#, "--exec", "--",
      "/bin/dash", "-c", script)
    #expect(result.errors == "")
    #expect(result.text == "children: \n")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
  func `a program that says no hello ends with the command that started it`(
    signal: Int32
  ) async throws {
    let program = try SilentProgram()
    let tool = try Tool(Tool.product("baton"), ["list", program.address])
    let result = try await program.watch {
      kill(tool.processID, signal)
      return try await tool.finish()
    }
    #expect(result.status == signal)
  }

  @Test func `a program that says no hello in time is ended`() async throws {
    let program = try SilentProgram()
    let tool = try Tool(Tool.product("baton"), ["list", program.address, "--timeout", "1s"])
    let result = try await program.watch { try await tool.finish() }
    #expect(result.status == 69)
  }
}

/// A program that runs until it is ended and holds a FIFO open, whose end tells so.
private struct SilentProgram {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try #require(mkfifo(scratch.path("fifo"), 0o600) == 0)
  }

  var address: String {
    #"exec:/bin/sh -c 'exec 9> "$0"; exec sleep 3600' "\#(scratch.path("fifo"))""#
  }

  /// Waits until the program runs, does `body`, and waits until the program has ended.
  func watch<Result>(_ body: () async throws -> Result) async throws -> Result {
    let path = scratch.path("fifo")
    let reading = await elsewhere { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(reading) }
    let result = try await body()
    let count = await elsewhere {
      var byte: UInt8 = 0
      return read(reading, &byte, 1)
    }
    #expect(count == 0, "the FIFO's end")
    return result
  }

  /// On a thread of its own, as it blocks.
  private func elsewhere<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result
  {
    await withCheckedContinuation { done in
      Thread.detachNewThread { done.resume(returning: body()) }
    }
  }
}
