import ArgumentParser
import Baton

/// Where the server is.
struct ServerArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Where the server is: unix:PATH, unix:@NAME, fd:N, or exec:COMMAND, which starts it as a child.",
      valueName: "address"),
    completion: .custom(Completions.addresses))
  var address: String

  @Option(
    help: ArgumentHelp(
      "Give up when all of it takes longer than this: 500ms, 2s, 1m; a number alone is seconds. Without it, wait without end.",
      valueName: "time"),
    transform: TimeoutArgument.parse)
  var timeout: Duration?

  @Option(
    name: [.customShort("H"), .customLong("header")],
    help: ArgumentHelp(
      "Send this metadata, also when the schema is asked for. Behind a key that ends in -bin, the value is base64. Can be given several times.",
      valueName: "key: value"),
    transform: HeaderArgument.parse)
  var headers: [Metadata.Entry] = []

  @Flag(
    name: .shortAndLong,
    help: "Tell timings, credentials, descriptors and the server's metadata on standard error.")
  var verbose = false
}

/// A schema in place of reflection.
struct SchemaArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take the schema from a .proto file, which protoc reads, or from a descriptor set, and do not ask the server.",
      valueName: "file"),
    completion: .file())
  var schema: String?

  @Option(
    name: [.customShort("I", allowingJoined: true), .customLong("include")],
    help: ArgumentHelp(
      "A folder that the schema's imports lie in. Can be given several times.",
      valueName: "folder"),
    completion: .directory)
  var includes: [String] = []

  func validate() throws {
    if schema == "" { throw ValidationError("expected a file behind --schema, got \"\"") }
    if includes.contains("") { throw ValidationError("expected a folder behind -I, got \"\"") }
    if schema == nil && !includes.isEmpty {
      throw ValidationError("-I says where the imports of --schema are, and there is no --schema")
    }
  }
}

/// What becomes of the reply.
struct ReplyArguments: ParsableArguments {
  @Flag(help: "Print the reply on one line, as those of a stream always are.")
  var compact = false

  @Option(
    help: ArgumentHelp("End a stream of replies after so many.", valueName: "number"))
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "Copy what a descriptor holds to standard output, in place of the reply. Can be given several times.",
      valueName: "field"),
    completion: .custom(Completions.fields))
  var cat: [String] = []

  @Option(
    help: ArgumentHelp(
      "Copy what a descriptor holds to a file, in whose name {n} is the reply's number. Can be given several times.",
      valueName: "field=path"),
    completion: .file())
  var save: [String] = []

  @Flag(
    help:
      "Become the command behind --, which inherits the reply's descriptors as LISTEN_FDS. Of a stream, run it for each reply."
  )
  var exec = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("What --exec becomes or runs.", valueName: "command"),
    completion: .custom(Completions.requestOrCommand))
  var command: [String] = []

  func validate() throws {
    if let limit, limit < 1 {
      throw ValidationError("expected --limit above zero, got \(limit)")
    }
    if command.first == "" {
      throw ValidationError("expected a command behind --exec --, got \"\"")
    }
    if exec && command.isEmpty { throw ValidationError("expected a command behind --exec --") }
    if !exec && !command.isEmpty {
      throw ValidationError("expected --exec with the command behind --")
    }
    if exec && !cat.isEmpty { throw ValidationError("--exec and --cat exclude each other") }
  }
}

extension SchemaArguments {
  var onDisk: SchemaOnDisk? { schema.map { SchemaOnDisk(file: $0, includes: includes) } }
}
