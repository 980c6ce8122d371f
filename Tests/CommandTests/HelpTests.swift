import Testing

/// What the command says of itself.
@Suite(.timeLimit(.minutes(1))) struct HelpTests {
  /// Its words, however they are broken into lines.
  private func words(_ arguments: String...) async throws -> String {
    let result = try await Tool.run(Tool.product("baton"), arguments)
    #expect(result.status == 0)
    #expect(result.errors == "")
    return result.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  @Test func `the help tells how a shell learns to complete`() async throws {
    let words = try await words("--help")
    #expect(words.contains("source <(baton --generate-completion-script bash)"))
  }

  @Test func `the version is Baton's, with that of generated code`() async throws {
    let words = try await words("--version")
    #expect(words == "0.1 (generated code: Version1)")
  }

  @Test(arguments: ["call", "list", "describe"])
  func `the help tells what a timeout's number counts, and of a request only where there is one`(
    command: String
  ) async throws {
    let words = try await words(command, "--help")
    #expect(words.contains("500ms, 2s, 1m; a number alone is seconds"))
    #expect(words.contains("request") == (command == "call"))
  }
}
