import ArgumentParser
import BatonMessages

/// What the shell offers in an argument's place.
enum Completions {
  /// Schemes, and the listening SOCK_SEQPACKET sockets of this machine.
  @Sendable static func addresses(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    let offered = ["unix:", "exec:", "fd:"] + UnixSockets.listening().map { "unix:\($0)" }
    // zsh shows what stands behind a colon as a description.
    if CompletionShell.requesting == .zsh { return offered.map { $0.replacing(":", with: "\\:") } }
    return offered
  }

  @Sendable static func methods(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    guard let schema = ask(words) else { return [] }
    return schema.methods.map(\.fullName)
  }

  @Sendable static func symbols(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    ask(words).map { SchemaIndex($0.pool.files).names } ?? []
  }

  /// The descriptors of the reply, each repeated field with its first element.
  @Sendable static func fields(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    let called = ask(words)?.methods.first { method in
      words.contains(method.fullName) || words.contains("\(method.service.name).\(method.name)")
    }
    return called.map { ReplyFields.paths(in: $0.output) }?.map {
      $0.replacing("[]", with: "[0]")
    } ?? []
  }

  /// Asks the server that the words name if it listens on a socket: completing starts no program.
  private static func ask(_ words: [String]) -> ServerSchema? {
    guard let address = words.first(where: { $0.hasPrefix("unix:") }),
      let session = try? Session(address: address, timeout: .seconds(1), isVerbose: false)
    else { return nil }
    return try? ServerSchema(of: session)
  }
}
