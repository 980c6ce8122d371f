import ArgumentParser
import BatonMessages
import Glibc

/// `baton describe`
struct DescribeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Print a server's schema, with comments and what its descriptors must be.",
    discussion: """
      Without a symbol, prints the files that declare the server's services.

      Examples:
        baton describe unix:/run/broker.sock
        baton describe unix:/run/broker.sock files.v1.FileBroker/Open
        baton describe unix:/run/broker.sock files/v1/broker.proto
      """)

  @OptionGroup var server: ServerArguments

  @Argument(
    help: ArgumentHelp(
      "The full name of a service, method, message or enum, or a schema file's name.",
      valueName: "symbol"),
    completion: .custom(Completions.symbols))
  var symbol: String?

  func validate() throws {
    if symbol == "" {
      throw ValidationError("expected a symbol such as files.v1.FileBroker, got \"\"")
    }
  }

  func run() async throws {
    try await Watch.run(server.timeout) { try await run($0) }
  }

  private func run(_ watch: Watch) async throws {
    let session = try await Session(server, watch)
    defer { session.end() }
    let reflection = try await ServerSchema(of: session)
    let index = SchemaIndex(reflection.pool.files)
    let terminal = Terminal(stream: STDOUT_FILENO)
    if let symbol {
      try StandardOutput.write(Self.text(of: symbol, index, terminal))
    } else {
      let files = Self.files(of: reflection)
      let texts = files.map { SchemaText.file($0, index: index, terminal: terminal) }
      try StandardOutput.write(texts.joined(separator: "\n"))
    }
  }

  private static func text(
    of symbol: String, _ index: SchemaIndex, _ terminal: Terminal
  ) throws(Failure) -> String {
    if let file = index.files.first(where: { $0.name == symbol }) {
      return SchemaText.file(file, index: index, terminal: terminal)
    }
    let name = symbol.split(separator: "/").joined(separator: ".")
    if let found = index.declarations[name], found.kind != .package {
      return SchemaText.declaration(found, index: index, terminal: terminal)
    }
    throw .usage(
      "the schema has no \(symbol.quoted); it has \(NearNames.list(symbol, among: index.names))")
  }

  /// The files of the services, once each; that of reflection only where nothing else is served.
  private static func files(of reflection: ServerSchema) -> [FileDescriptorProto] {
    let own = reflection.services.filter { !$0.hasPrefix("baton.reflection.") }
    let services = own.isEmpty ? reflection.services : own
    let names = services.compactMap { reflection.pool.service($0)?.file.name }
    return reflection.pool.files.filter { names.contains($0.name ?? "") }
  }
}
