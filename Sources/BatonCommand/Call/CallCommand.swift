import ArgumentParser
import Baton
import BatonMessages

/// `baton call`
struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call a method and print the reply, or a stream of them, as JSON.",
    usage: """
      baton call <address> <method> [<request>] [<options>]
      baton call <address> <method> [<request>] --exec [<options>] -- <command> ...
      """,
    discussion: """
      In a descriptor field's place the request holds a string that says what to open:
        r:PATH w:PATH rw:PATH a:PATH  a file for reading, writing (which empties it), both,
                                      appending
        dir:PATH path:PATH            a directory; a path without access (O_PATH)
        fd:N stdin stdout stderr      a descriptor that baton inherited
        text:CONTENT memory:PATH      sealed memory: a text, or a file's content
      Descriptors of the reply are shown as objects with kind, access, size and path. --cat, --save \
      and LISTEN_FDNAMES name them by path, as in files[1].content. The command of --exec finds the \
      reply as JSON in the file that BATON_REPLY names.

      A stream of requests is read from -, @FILE or the argument, one on each line, and ends with \
      it. The replies of a stream are printed as they come, one on each line; the server waits while \
      they are dealt with. --cat and --save pass over those without the field; --save wants {n} in \
      the path where a second reply has it. --exec waits for the command before it takes the next \
      reply, and goes on when one fails. Ctrl-C cancels the call, and ends the server of exec:.

      What an error says beside its message is printed behind it, a line for each detail: as JSON, or \
      with its type and size where the schema does not know the type. --verbose prints the metadata \
      and the trailers of the reply. All of that goes to standard error.

      --timeout counts connecting, reading the request and opening what it names, too.

      Exit status: 0; the code of gRPC (1 to 16) when the call ended in an error; 64 for wrong \
      usage; 69 when no connection was had; 71 when too few files may be open; 74 when the reply could \
      not be written; 130 when it was interrupted, 143 when it got SIGTERM; that of the command of \
      --exec, of a stream that of the first that failed; 126 when that command cannot be executed, \
      127 when there is none.

      Examples:
        baton call unix:/run/broker files.v1.FileBroker/Open '{"path": "a.txt"}'
        baton call unix:@broker files.v1.FileBroker/Open @request.json --cat file
        baton call "exec:file-broker --root ." files.v1.FileBroker/Count \\
          '{"files": ["r:a.txt", "text:one two"]}'
        baton call unix:@broker files.v1.FileBroker/Open - --exec -- wc -c /dev/fd/3
        baton call unix:@broker files.v1.FileBroker/Watch '{"path": "inbox"}' --limit 3
        baton call unix:@broker files.v1.FileBroker/Watch --save 'file=changed-{n}'
        tail -f lines.json | baton call unix:@chat chat.v1.Chat/Join -
        baton call unix:@vault vault.v1.Vault/Open -H 'authorization: Bearer abc'
        baton call unix:@chat chat.v1.Chat/Join $'{"text": "a"}\\n{"text": "b"}'
      """)

  @OptionGroup var server: ServerArguments

  @Argument(
    help: ArgumentHelp("SERVICE/METHOD or SERVICE.METHOD.", valueName: "method"),
    completion: .custom(Completions.methods))
  var method: String

  @Argument(
    help: ArgumentHelp(
      "The request as JSON text; @FILE reads it from a file, - from standard input. Without it, {}.",
      valueName: "request"),
    completion: .custom(Completions.requestOrCommand))
  var request: String?

  @OptionGroup var schema: SchemaArguments
  @OptionGroup(title: "The reply") var reply: ReplyArguments

  func run() async throws {
    try await Watch.run(server.timeout) { try await run($0) }
  }

  private func run(_ watch: Watch) async throws {
    let name = try MethodName(method)
    let source = try RequestSource(request ?? "{}", watch)
    let saves = try reply.save.map { (text) throws(Failure) in try SaveOutput(text) }
    let known = try schema.onDisk?.read(watch)
    let session = try await Session(server, watch)
    defer { session.end() }
    let method = try await find(name, known, session)
    try check(method)
    let answer =
      if method.isClientStreaming || method.isServerStreaming {
        try await stream(method, source, saves, session)
      } else {
        try await call(method, source, session)
      }
    guard let answer else { return }
    // What the command of --exec becomes has no use for the server, nor would it collect its status.
    if reply.exec { session.end() }
    try write(answer, saves)
  }

  private func find(
    _ name: MethodName, _ known: SchemaPool?, _ session: Session
  ) async throws(Failure) -> MethodType {
    if let known { return try name.find(in: known, services: known.services.map(\.name)) }
    let reflection = try await ServerSchema(of: session)
    return try name.find(in: reflection.pool, services: reflection.services)
  }

  /// Throws what the options ask of the method that it has not.
  private func check(_ method: MethodType) throws(Failure) {
    let saved = try reply.save.map { (text) throws(Failure) in try SaveOutput(text).field }
    for path in reply.cat { try ReplyFields.check(path, "--cat", of: method.output) }
    for path in saved { try ReplyFields.check(path, "--save", of: method.output) }
    if reply.limit != nil && !method.isServerStreaming {
      throw .usage("--limit is for a stream of replies, and \(method.fullName) has one reply")
    }
    if request == nil && method.isClientStreaming {
      throw .usage(
        "\(method.fullName) takes a stream of requests: expected - or @FILE, with one on each line")
    }
    if reply.exec && method.isServerStreaming { try ExecOutput.check(reply.command[0]) }
  }

  /// The one request.
  private func read(
    _ source: RequestSource, _ method: MethodType, _ session: Session
  ) throws(Failure) -> EncodedMessage {
    let text = RequestText(json: try source.read(session.watch))
    return try text.encoded(as: method.input, session)
  }

  private func call(
    _ method: MethodType, _ source: RequestSource, _ session: Session
  ) async throws(Failure) -> DynamicMessage {
    let request = try read(source, method, session)
    do throws(RPCError) {
      let answer = try await session.call(method.fullName, request).decode(as: method.output)
      session.trace.descriptors(answer, arrow: "<")
      return answer
    } catch {
      throw Failure(error, method.service.pool)
    }
  }

  /// Returns the reply where that is none.
  private func stream(
    _ method: MethodType, _ source: RequestSource, _ saves: [SaveOutput], _ session: Session
  ) async throws(Failure) -> DynamicMessage? {
    let requests: StreamCall.Requests =
      method.isClientStreaming
      ? .stream(RequestLines(source, on: session.loop))
      : .one(try read(source, method, session))
    let hidesInput = method.isClientStreaming && source.isStandardInput
    let output = StreamOutput(reply, saves, hidesInput: hidesInput)
    return try await StreamCall(method: method, session: session, output: output).run(requests)
  }

  private func write(_ answer: DynamicMessage, _ saves: [SaveOutput]) throws(Failure) {
    for save in saves { try save.write(answer) }
    if !reply.cat.isEmpty {
      for path in reply.cat { try CatOutput(field: path).write(answer) }
      return
    }
    let text = try ReplyText(answer)
    if reply.exec {
      ExecOutput(
        command: reply.command, descriptors: answer.descriptors, json: text.compact
      ).run()
    }
    try StandardOutput.write((reply.compact ? text.compact : text.pretty) + "\n")
  }
}
