import BatonMessages

/// What the shell offers in an argument's place.
enum Completions {
  /// Schemes, and the listening SOCK_SEQPACKET sockets of this machine.
  @Sendable static func addresses(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    ["unix:", "exec:", "fd:"] + UnixSockets.listening().map { "unix:\($0)" }
  }

  @Sendable static func methods(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    guard let reflection = ask(words) else { return [] }
    return reflection.services.flatMap {
      reflection.pool.service($0)?.methods.map(\.fullName) ?? []
    }
  }

  @Sendable static func symbols(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    ask(words).map { SchemaIndex($0.pool.files).names } ?? []
  }

  /// Asks the server that the words name if it listens on a socket: completing starts no program.
  private static func ask(_ words: [String]) -> ServerSchema? {
    guard let address = words.first(where: { $0.hasPrefix("unix:") }),
      let session = try? Session(address: address, timeout: .seconds(1), isVerbose: false)
    else { return nil }
    return try? ServerSchema(of: session)
  }
}
