import Foundation
import Glibc
import Testing

/// What becomes of the descriptors of a stream's replies: `--cat`, `--save` and `--exec`.
@Suite(.timeLimit(.minutes(2))) struct StreamOutputTests {
  private static let texts = #"{"texts": ["one", "", "three"]}"#

  private func deal(
    _ options: String..., directory: URL = Tool.package
  ) async throws -> Tool.Result {
    try await RunningBelt.run {
      try await Tool.run(
        Tool.product("baton"), ["call", $0.address, "shelf.v1.Belt/Deal", Self.texts] + options,
        input: "not for the command\n", directory: directory)
    }
  }

  @Test func `--cat prints one content after the other`() async throws {
    let result = try await deal("--cat", "items[0].content")
    #expect(result.text == "onethree")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `--save numbers its files as the replies are, and passes over those without`()
    async throws
  {
    let scratch = try Scratch()
    let result = try await deal("--save", "items[0].content=item-{n}", directory: scratch.url)
    #expect(result.errors == "")
    #expect(result.status == 0)
    #expect(result.text.split(separator: "\n").count == 3)
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path)
    #expect(names.sorted() == ["item-1", "item-3"])
    #expect(try scratch.content("item-1") == "one")
    #expect(try scratch.content("item-3") == "three")
  }

  @Test func `--save of a second reply to the same file is wrong usage`() async throws {
    let scratch = try Scratch()
    let result = try await deal("--save", "items[0].content=item", directory: scratch.url)
    #expect(
      result.errors == """
        baton: --save items[0].content=item: reply 3 brings another; with {n} in its name, each reply \
        has a file of its own

        """)
    #expect(result.status == 64)
    #expect(try scratch.content("item") == "one")
  }

  @Test func `--save of one reply of a stream needs no number`() async throws {
    let scratch = try Scratch()
    let result = try await deal(
      "--save", "items[0].content=item", "--limit", "2", directory: scratch.url)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try scratch.content("item") == "one")
  }

  @Test func `--exec runs its command for each reply, one after the other`() async throws {
    let script = """
      [ "$LISTEN_PID" = $$ ] && printf "in place, $LISTEN_FDS $LISTEN_FDNAMES: "
      [ "$LISTEN_FDS" = 0 ] || cat <&3
      mkdir running && rmdir running && cut -c 1-9 "$BATON_REPLY"
      """
    let scratch = try Scratch()
    let result = try await deal("--exec", "--", "/bin/sh", "-c", script, directory: scratch.url)
    #expect(
      result.text == """
        in place, 1 items[0].content: one{"items":
        in place, 0 : {}
        in place, 1 items[0].content: three{"items":

        """)
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `the command of --exec blocks no signals that baton's caller has not`() async throws {
    let result = try await deal("--exec", "--", "grep", "SigBlk", "/proc/self/status")
    let line = "SigBlk:\t0000000000000000\n"
    #expect(result.text == line + line + line)
    let one = try await RunningBelt.run {
      try await $0.call(
        "Collect", "@/dev/null", "--exec", "--", "grep", "SigBlk", "/proc/self/status")
    }
    #expect(one.text == line)
  }

  @Test func `the command of --exec does not read the requests`() async throws {
    let input = "{\"content\": \"text:a\"}\n{\"content\": \"text:b\"}\n"
    let result = try await RunningBelt.run {
      try await $0.call("Swap", "-", "--exec", "--", "sh", "-c", "cat; cat <&3", input: input)
    }
    #expect(result.text == "ab")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test func `--exec goes on behind a command that fails, and tells in the end`() async throws {
    let result = try await deal(
      "--exec", "--", "sh", "-c", #"echo "$LISTEN_FDS"; exit $((LISTEN_FDS + 41))"#)
    #expect(result.text == "1\n0\n1\n")
    #expect(
      result.errors
        == "baton: sh failed for 3 of 3 replies, at first for reply 1, with status 42\n")
    #expect(result.status == 42)
  }

  @Test func `a command that cannot be executed is found out before the call`() async throws {
    let missing = try await deal("--exec", "--", "no-such-command")
    #expect(
      missing.errors == "baton: cannot execute no-such-command: No such file or directory\n")
    #expect(missing.status == 127)
    let forbidden = try await deal("--exec", "--", "/etc/passwd")
    #expect(forbidden.errors == "baton: cannot execute /etc/passwd: Permission denied\n")
    #expect(forbidden.status == 126)
  }

  @Test func `--exec becomes its command for the one reply to a stream of requests`() async throws {
    let result = try await RunningBelt.run {
      try await $0.call(
        "Collect", "@/dev/null", "--exec", "--", "sh", "-c", #"cat "$BATON_REPLY"; exit 5"#)
    }
    #expect(result.text == "{}")
    #expect(result.errors == "")
    #expect(result.status == 5)
  }
}
