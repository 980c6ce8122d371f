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

  // Nobody is there to end one that ignores SIGTERM after SIGKILL.
  @Test(arguments: [
    (SIGINT, false), (SIGTERM, false), (SIGKILL, false), (SIGINT, true), (SIGTERM, true),
  ])
  func `a program that says no hello ends with the command that started it`(
    signal: Int32, ignoresSIGTERM: Bool
  ) async throws {
    let program = try SilentProgram(ignoresSIGTERM: ignoresSIGTERM)
    // Long enough for a machine that has much else to do.
    let tool = try Tool(Tool.product("baton"), ["list", program.address, "--timeout", "10m"])
    let result = try await program.watch {
      kill(tool.processID, signal)
      return try await tool.finish()
    }
    #expect(result.status == -signal)
  }

  @Test(arguments: [false, true])
  func `a program that says no hello in time is ended`(ignoresSIGTERM: Bool) async throws {
    let program = try SilentProgram(ignoresSIGTERM: ignoresSIGTERM)
    let tool = try Tool(Tool.product("baton"), ["list", program.address, "--timeout", "1s"])
    let result = try await program.watch { try await tool.finish() }
    #expect(result.status == 4)
  }
}
