import ArgumentParser
import BatonMessages

/// `baton list`
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the services of a server.",
    discussion: """
      Examples:
        baton list unix:/run/broker.sock
        baton list --methods "exec:file-broker --root ."
      """)

  @OptionGroup var server: ServerArguments

  @Flag(name: [.customShort("l"), .long], help: "List the methods, with what they take and give.")
  var methods = false

  func run() async throws {
    try await Watch.run(server.timeout) { try await run($0) }
  }

  private func run(_ watch: Watch) async throws {
    let session = try await Session(server, watch)
    defer { session.end() }
    let reflection = try await ServerSchema(of: session)
    let index = SchemaIndex(reflection.pool.files)
    for name in reflection.services {
      try StandardOutput.write(name.visible + "\n")
      if !methods { continue }
      for method in reflection.pool.service(name)?.methods ?? [] {
        let signature = SchemaText.signature(of: method.proto, in: name, index)
        try StandardOutput.write("  \(signature.visible)\n")
      }
    }
  }
}
