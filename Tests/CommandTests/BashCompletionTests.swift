import Baton
import BatonCommand
import Foundation
import Testing

/// What bash makes of a tabulator, on a terminal.
@Suite(.timeLimit(.minutes(2))) struct BashCompletionTests {
  /// The line that bash has when `keys` were typed.
  private func line(_ keys: String, environment: [String: String] = [:]) async throws -> String {
    let scratch = try Scratch()
    try scratch.file(
      "rc",
      containing: #"""
        source <(baton --generate-completion-script bash)
        bind 'set bell-style none' 'set completion-query-items 0'
        bind -x '"\C-t": printf "%s|" "$READLINE_LINE" >"$LINE"; READLINE_LINE=; READLINE_POINT=0'
        """#)
    let folder = URL(fileURLWithPath: Tool.product("baton")).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let bash = try #require(Tool.find("bash"))
    let result = try await Tool.run(
      try #require(Tool.find("script")),
      ["-qec", "'\(bash)' --rcfile '\(scratch.path("rc"))' -i", "/dev/null"],
      input: "\(keys)\u{14}exit\n",
      environment: environment.merging(
        ["PATH": "\(folder):\(path)", "LINE": scratch.path("line"), "HISTFILE": "", "TERM": "dumb"]
      ) { $1 })
    #expect(result.status == 0, "\(result.text)")
    return try scratch.content("line")
  }

  @Test(arguments: [
    ("baton call un\t", "baton call unix:|"), ("baton list ex\t", "baton list exec:|"),
    ("baton describe f\t", "baton describe fd:|"),
  ])
  func `a scheme is completed to its colon, and the address goes on there`(
    keys: String, line: String
  ) async throws {
    let result = try await self.line(keys)
    #expect(result == line)
  }

  @Test(arguments: [
    ("baton call unix:@NAM\t", "baton call unix:@NAME |"),
    (
      "baton call unix:@NAME shelf.v1.Shelf/T\t", "baton call unix:@NAME shelf.v1.Shelf/Take |"
    ),
    ("baton describe 'unix:@NAME' shelf.v1.It\t", "baton describe 'unix:@NAME' shelf.v1.Item |"),
    (
      "baton call unix\\:@NAME shelf.v1.Shelf/Take --cat sp\t",
      "baton call unix\\:@NAME shelf.v1.Shelf/Take --cat spare_part |"
    ),
  ])
  func `addresses, methods and fields are completed as they are typed`(
    keys: String, line: String
  ) async throws {
    let result = try await withShelf { address in
      // The server runs when it has answered.
      let answer = try await Tool.baton("list", address)
      #expect(answer.status == 0)
      let name = String(address.dropFirst("unix:@".count))
      let keys = keys.replacing("NAM\t", with: "\(name.dropLast())\t").replacing("NAME", with: name)
      return try await self.line(keys).replacing(name, with: "NAME")
    }
    #expect(result == line)
  }

  @Test func `a server that asks for a token is asked for completions with it`() async throws {
    let result = try await withShelf(ServerOptions(interceptors: [TokenGuard()])) { address in
      let call = "baton call -H 'authorization: Bearer abc' \(address)"
      let answer = try await Tool.baton("list", address)
      #expect(answer.status == 16)
      return try await line("\(call) shelf.v1.Shelf/T\t").replacing(address, with: "ADDRESS")
    }
    #expect(
      result == "baton call -H 'authorization: Bearer abc' ADDRESS shelf.v1.Shelf/Take |")
  }

  @Test func `what a shell would take for its own in a socket's name is quoted`() async throws {
    let name = "baton-\(UInt64.random(in: 0 ... .max)) 'it' $(exit)"
    let server = Server(address: "unix:@\(name)", services: [])
    try server.bind()
    let start = name.prefix { $0 != " " }
    let result = try await line("baton list unix:@\(start)\t")
    #expect(result == #"baton list unix:@\#(start)\ \'it\'\ \$\(exit\) |"#)
  }

  @Test(arguments: [
    (#"unix\:@a\ b"#, "unix:@a b"), (#"'unix:@a\b'"#, #"unix:@a\b"#),
    (#""unix:@\$a\b""#, #"unix:@$a\b"#), ("'unix:@a b", "unix:@a b"), (#"unix:\"#, "unix:"),
  ])
  func `quotes and backslashes of a shell's word are no part of it`(word: String, text: String) {
    #expect(ShellWord.unquoted(word) == text)
  }
}
