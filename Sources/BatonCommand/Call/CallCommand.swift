import ArgumentParser
import Baton
import BatonMessages

/// `baton call`
struct CallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call a method and print the reply as JSON.",
    usage: """
      baton call <address> <method> [<request>] [<options>]
      baton call <address> <method> [<request>] --exec [<options>] -- <command> ...
      """,
    discussion: """
      In a descriptor field's place the request holds a string that says what to open:
        r:PATH w:PATH rw:PATH a:PATH  a file for reading, writing, both, appending
        dir:PATH path:PATH            a directory; a path without access (O_PATH)
        fd:N stdin stdout stderr      a descriptor that baton inherited
        text:CONTENT memory:PATH      sealed memory: a text, or a file's content
      Descriptors of the reply are shown as objects with kind, access, size and path. --cat, --save \
      and LISTEN_FDNAMES name them by path, as in files[1].content. The command of --exec finds the \
      reply as JSON in the file that BATON_REPLY names.

      Exit status: 0; the code of gRPC (1 to 16) when the call ended in an error; 64 for wrong \
      usage; 69 when no connection was had; 74 when the reply could not be written.

      Examples:
        baton call unix:/run/broker files.v1.FileBroker/Open '{"path": "a.txt"}'
        baton call unix:@broker files.v1.FileBroker/Open @request.json --cat file
        baton call "exec:file-broker --root ." files.v1.FileBroker/Count \\
          '{"files": ["r:a.txt", "text:one two"]}'
        baton call unix:@broker files.v1.FileBroker/Open - --exec -- wc -c /dev/fd/3
      """)

  @OptionGroup var server: ServerArguments

  @Argument(
    help: ArgumentHelp("SERVICE/METHOD or SERVICE.METHOD.", valueName: "method"),
    completion: .custom(Completions.methods))
  var method: String

  @Argument(
    help: ArgumentHelp(
      "The request as JSON text; @FILE reads it from a file, - from standard input.",
      valueName: "request"),
    completion: .custom(Completions.requestOrCommand))
  var request: String = "{}"

  @OptionGroup var schema: SchemaArguments
  @OptionGroup(title: "The reply") var reply: ReplyArguments

  func run() throws {
    let name = try MethodName(method)
    let text = try RequestText(request)
    let saves = try reply.save.map { (text) throws(Failure) in try SaveOutput(text) }
    let known = try schema.onDisk?.read()
    let session = try Session(server)
    defer { session.end() }
    let method = try find(name, known, session)
    for path in reply.cat + saves.map(\.field) { try ReplyFields.check(path, of: method.output) }
    let message = try text.message(method.input)
    let answer = try call(method, message, session)
    // What the command of --exec becomes has no use for the server, nor would it collect its status.
    if reply.exec { session.end() }
    try write(answer, saves)
  }

  private func find(
    _ name: MethodName, _ known: SchemaPool?, _ session: Session
  ) throws(Failure) -> MethodType {
    let pool: SchemaPool
    let services: [String]
    if let known {
      pool = known
      services = known.services.map(\.name)
    } else {
      let reflection = try ServerSchema(of: session)
      pool = reflection.pool
      services = reflection.services
    }
    let method = try name.find(in: pool, services: services)
    if method.isClientStreaming || method.isServerStreaming {
      throw .usage("\(name.full) is a stream; baton calls methods with one request and one reply")
    }
    return method
  }

  private func call(
    _ method: MethodType, _ message: DynamicMessage, _ session: Session
  ) throws(Failure) -> DynamicMessage {
    session.trace.descriptors(message, arrow: ">")
    let request: EncodedMessage
    do throws(CodecError) {
      request = try message.encoded()
    } catch {
      throw Failure(.call(RPCError.Code.invalidArgument.rawValue), "the request: \(error)")
    }
    do throws(RPCError) {
      var reply = try session.call(method.fullName, request)
      let answer = try Self.decode(&reply, as: method.output)
      session.trace.descriptors(answer, arrow: "<")
      return answer
    } catch {
      throw Failure(error)
    }
  }

  private static func decode(
    _ reply: inout Reply, as type: MessageType
  ) throws(RPCError) -> DynamicMessage {
    do throws(CodecError) {
      return try DynamicMessage(
        decoding: reply.bytes, descriptors: &reply.descriptors, type: type)
    } catch {
      let code: RPCError.Code = error.kind == .descriptor ? .invalidArgument : .internal
      throw RPCError(code, "the reply is invalid: \(error)")
    }
  }

  private func write(_ answer: DynamicMessage, _ saves: [SaveOutput]) throws(Failure) {
    for save in saves { try save.write(answer) }
    if !reply.cat.isEmpty {
      for path in reply.cat { try CatOutput(field: path).write(answer) }
      return
    }
    let text = try ReplyText(answer)
    if reply.exec {
      try ExecOutput(
        command: reply.command, descriptors: answer.descriptors, json: text.compact
      ).run()
    }
    try StandardOutput.write((reply.compact ? text.compact : text.pretty) + "\n")
  }
}
