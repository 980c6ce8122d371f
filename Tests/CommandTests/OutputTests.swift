import Foundation
import Glibc
import Testing

/// What becomes of a reply's descriptors: `--cat`, `--save` and `--exec`.
@Suite(.timeLimit(.minutes(2))) struct OutputTests {
  private static let texts = #"{"texts": ["first\n", "se:cond\n"]}"#

  private func take(
    _ options: String..., input: String = "", directory: URL = Tool.package
  ) async throws -> Tool.Result {
    try await withShelf {
      try await Tool.run(
        Tool.product("baton"), ["call", $0, "shelf.v1.Shelf/Take", Self.texts] + options,
        input: input, directory: directory)
    }
  }

  // MARK: --cat

  @Test(arguments: [
    (["items[1].content"], "se:cond\n"),
    (["items[1].content", "items[0].content"], "se:cond\nfirst\n"),
    ([#"byText["se:cond\n"]"#], ""), (["by_text"], "first\nse:cond\n"),
  ])
  func `--cat prints the content and not the reply`(fields: [String], text: String) async throws {
    let options = fields.flatMap { ["--cat", $0.replacing(#"\n"#, with: "\n")] }
    let result = try await withShelf {
      try await Tool.run(
        Tool.product("baton"), ["call", $0, "shelf.v1.Shelf/Take", Self.texts] + options)
    }
    #expect(result.text == (text.isEmpty ? "se:cond\n" : text))
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test(arguments: ["--cat", "--save"])
  func `a field that is no descriptor is wrong usage before the call is made`(
    option: String
  ) async throws {
    let scratch = try Scratch()
    let field = "items[0].name"
    let result = try await take(
      option, option == "--save" ? "\(field)=name.txt" : field,
      "--save", "items[0].content=new.txt", directory: scratch.url)
    #expect(
      result.errors == """
        baton: \(option) items[0].name: expected a descriptor; shelf.v1.TakeReply has \
        items[].content, spare_part, by_text[]

        """)
    #expect(result.status == 64)
    #expect(access(scratch.path("new.txt"), F_OK) != 0)
  }

  @Test(arguments: ["--cat", "--save"])
  func `an unknown field is wrong usage, and the error tells its option and what there is`(
    option: String
  ) async throws {
    let field = "items[0].kontent"
    let result = try await take(option, option == "--save" ? "\(field)=new.txt" : field)
    #expect(
      result.errors
        == "baton: \(option) \(field): shelf.v1.Item has no field \"kontent\"; "
        + "it has name, content\n")
    #expect(result.status == 64)
  }

  @Test func `a descriptor that the reply has not is told with those it has`() async throws {
    let result = try await take("--cat", "items[2].content")
    #expect(
      result.errors.hasPrefix(
        "baton: --cat items[2].content: the reply has none; it has items[0].content, "))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.status == 74)
  }

  @Test func `what cannot be read is told with what it is`() async throws {
    let result = try await take("--cat", "spare_part")
    #expect(
      result.errors
        == "baton: cannot copy spare_part, a pipe open for writing: Bad file descriptor\n")
    #expect(result.status == 74)
  }

  @Test func `a reader that has seen enough ends the command without a word`() async throws {
    let scratch = try Scratch()
    try scratch.file("big", containing: String(repeating: "0123456789\n", count: 100_000))
    let script =
      #"trap "" PIPE; "$0" call "$1" files.v1.FileBroker/Open '{"path":"big"}' --cat file | head -n 1"#
    let result = try await Tool.run(
      "/bin/sh", ["-c", script, Tool.product("baton"), Tool.broker(root: scratch.url)])
    #expect(result.text == "0123456789\n")
    #expect(result.errors == "")
  }

  @Test func `a full disk is an error`() async throws {
    for option in ["", "--cat by_text"] {
      let result = try await withShelf {
        try await Tool.run(
          "/bin/sh",
          ["-c", #""$0" call "$1" shelf.v1.Shelf/Take "$2" \#(option) > /dev/full"#]
            + [Tool.product("baton"), $0, Self.texts])
      }
      #expect(result.errors.hasSuffix(": No space left on device\n"))
      #expect(result.errors.split(separator: "\n").count == 1)
      #expect(result.status == 74)
    }
  }

  // MARK: --save

  @Test func `--save copies to files beside the reply`() async throws {
    let scratch = try Scratch()
    try scratch.file("old.txt", containing: "something longer than that\n")
    let result = try await take(
      "--save", "items[0].content=old.txt", "--save", #"by_text["first"# + "\n" + #""]=new=1.txt"#,
      directory: scratch.url)
    #expect(result.errors == "")
    #expect(result.text.contains("\"items\": ["))
    #expect(try scratch.content("old.txt") == "first\n")
    #expect(try scratch.content("new=1.txt") == "first\n")
  }

  @Test(arguments: ["items", "=x", "items="])
  func `half a --save is wrong usage`(option: String) async throws {
    let result = try await take("--save", option)
    #expect(result.errors == "baton: expected --save FIELD=PATH, got \"\(option)\"\n")
    #expect(result.status == 64)
  }

  @Test func `--save of several descriptors asks for one`() async throws {
    let result = try await take("--save", "by_text=x")
    #expect(
      result.errors == """
        baton: --save by_text: expected one descriptor, got 2; name one as in by_text[0]

        """)
    #expect(result.status == 74)
  }

  @Test func `a file is not saved over itself`() async throws {
    let scratch = try Scratch()
    try scratch.file("notes.txt", containing: "keep me\n")
    let result = try await Tool.baton(
      "call", Tool.broker(root: scratch.url), "files.v1.FileBroker/Open",
      #"{"path": "notes.txt"}"#, "--save", "file=notes.txt", directory: scratch.url)
    #expect(result.status == 74)
    #expect(result.errors.hasSuffix("to notes.txt: it is the same file\n"))
    #expect(try scratch.content("notes.txt") == "keep me\n")
  }

  @Test func `a file that cannot be made is an error`() async throws {
    let result = try await take("--save", "items[0].content=/no/such/file")
    #expect(result.status == 74)
    #expect(result.errors.hasSuffix(" to /no/such/file: No such file or directory\n"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  // MARK: --exec

  @Test func `--exec hands the descriptors over, and nothing else is open`() async throws {
    let script = """
      echo "$LISTEN_FDS $LISTEN_FDNAMES"
      [ "$LISTEN_PID" = $$ ] && echo "in place"
      cat <&3; cat /dev/fd/4
      find /proc/$$/fd -mindepth 1 -printf '%f %l\\n'
      cat
      """
    // Without what this process leaves open.
    let clean = """
      for fd in /proc/$$/fd/*; do [ ${fd##*/} -gt 2 ] && eval "exec ${fd##*/}>&-"; done; exec "$@"
      """
    let result = try await withShelf {
      try await Tool.run(
        "/bin/bash",
        ["-c", clean, "bash", Tool.product("baton"), "call", $0, "shelf.v1.Shelf/Take", Self.texts]
          + ["--exec", "--", "/bin/dash", "-c", script], input: "standard input stays\n")
    }
    let lines = result.text.split(separator: "\n").map(String.init)
    #expect(result.errors == "")
    try #require(lines.count >= 14, "\(result.text)")
    #expect(
      lines[0] == #"5 items[0].content:items[1].content:spare_part:by_text["first\u{a}"]:"#
        + #"by_text["se_cond\u{a}"]"#)
    #expect(lines[1...3] == ["in place", "first", "se:cond"])
    let open = lines[4...].prefix { $0.first?.isNumber == true }.sorted().dropFirst(3)
    #expect(
      open.map { $0.prefix { $0 != "[" && $0 != "(" } } == [
        "3 /memfd:item-0 ", "4 /memfd:item-1 ", "5 pipe:", "6 /memfd:item-0 ",
        "7 /memfd:item-1 ", "8 /memfd:reply ",
      ])
    #expect(lines.last == "standard input stays")
  }

  @Test func `what many descriptors hold is the command's to read whole`() async throws {
    let texts = (0..<12).map { "\($0)\n" }
    let result = try await withShelf {
      try await Tool.run(
        Tool.product("baton"),
        [
          "call", $0, "shelf.v1.Shelf/Take",
          #"{"texts": ["#
            + texts.map { #""\#($0.dropLast())\n""# }.joined(separator: ", ") + "]}", "--exec",
          "--",
          "/bin/bash", "-c", "for ((n = 3; n < 15; n++)); do cat <&$n; done",
        ])
    }
    #expect(result.errors == "")
    #expect(result.text == texts.joined())
  }

  @Test func `the command of --exec finds the reply as JSON`() async throws {
    let result = try await take("--exec", "--", "sh", "-c", #"cat "$BATON_REPLY""#)
    let reply = try #require(
      try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect(Set(reply.keys) == ["items", "sparePart", "byText"])
  }

  @Test func `the status of the command is that of baton`() async throws {
    #expect(try await take("--exec", "--", "sh", "-c", "exit 42").status == 42)
  }

  @Test func `a command that cannot be executed exits as in a shell`() async throws {
    let missing = try await take("--exec", "--", "no-such-command")
    #expect(
      missing.errors == "baton: cannot execute no-such-command: No such file or directory\n")
    #expect(missing.status == 127)
    let forbidden = try await take("--exec", "--", "/etc/passwd")
    #expect(forbidden.errors == "baton: cannot execute /etc/passwd: Permission denied\n")
    #expect(forbidden.status == 126)
  }
}
