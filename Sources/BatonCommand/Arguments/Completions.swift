import ArgumentParser
import Baton
import BatonMessages

/// What the shell offers in an argument's place.
package enum Completions {
  /// Schemes, and the listening SOCK_SEQPACKET sockets of this machine.
  @Sendable package static func addresses(_ words: [String], _ index: Int, _ prefix: String)
    -> [String]
  {
    fitForShell(["unix:", "exec:", "fd:"] + UnixSockets.listening().map { "unix:\($0)" })
  }

  @Sendable package static func methods(
    _ words: [String], _ index: Int, _ prefix: String
  ) async -> [String] {
    guard let schema = await ask(words) else { return [] }
    return fitForShell(schema.methods.map(\.fullName))
  }

  @Sendable package static func symbols(
    _ words: [String], _ index: Int, _ prefix: String
  ) async -> [String] {
    fitForShell(await ask(words).map { SchemaIndex($0.pool.files).names } ?? [])
  }

  /// The descriptors of the reply, each repeated field with its first element.
  @Sendable static func fields(
    _ words: [String], _ index: Int, _ prefix: String
  ) async -> [String] {
    let paths = await method(words).map { ReplyFields.paths(in: $0.output) } ?? []
    return fitForShell(paths.map { $0.replacing("[]", with: "[0]") })
  }

  /// The request, of which a file can be completed, and the command behind `--`. A stream of requests
  /// is offered standard input.
  @Sendable static func requestOrCommand(
    _ words: [String], _ index: Int, _ prefix: String
  ) async -> [String] {
    let before = words.prefix(index)
    if before.last == "--" && !prefix.contains("/") {
      return fitForShell(PathNames.programs(beginningWith: prefix))
    }
    if before.contains("--") { return fitForShell(PathNames.beginning(with: prefix)) }
    if prefix.isEmpty, await method(words)?.isClientStreaming == true { return ["-"] }
    if !prefix.hasPrefix("@") { return [] }
    return fitForShell(PathNames.beginning(with: String(prefix.dropFirst())).map { "@" + $0 })
  }

  /// Names of sockets and files are whatever others made them.
  private static func fitForShell(_ offered: [String]) -> [String] {
    // Each line is taken for one, and is shown on the terminal.
    let offered = offered.filter { !$0.unicodeScalars.contains(where: \.isControl) }
    switch CompletionShell.requesting {
    // bash expands what it is offered, commands in it included (compgen -W).
    case .bash?: return offered.map { "'\($0.replacing("'", with: #"'\''"#))'" }
    // zsh shows what stands behind a colon as a description.
    case .zsh?: return offered.map { $0.replacing(":", with: "\\:") }
    default: return offered
    }
  }

  /// How long somebody may wait for a server that does not answer. A busy machine needs some of it.
  private static let patience: Duration = .seconds(3)

  /// Asks the server that the words name if it listens on a socket: completing starts no program.
  private static func ask(_ words: [String]) async -> ServerSchema? {
    let (address, metadata) = server(in: words)
    guard let address,
      let session = try? await Session(
        address: address, Watch(patience), metadata, isVerbose: false)
    else { return nil }
    return try? await ServerSchema(of: session)
  }

  /// The address of a socket among the words, and the metadata of `--header`.
  private static func server(in words: [String]) -> (address: String?, metadata: Metadata) {
    var rest = words.map(ShellWord.unquoted)[...]
    var address: String?
    var headers: [String] = []
    while let word = rest.popFirst() {
      if word == "-H" || word == "--header" {
        if let next = rest.popFirst() { headers.append(next) }
      } else if word.hasPrefix("--header=") {
        headers.append(String(word.dropFirst("--header=".count)))
      } else if address == nil && word.hasPrefix("unix:") {
        address = word
      }
    }
    return (address, Metadata(headers.compactMap { try? HeaderArgument.parse($0) }))
  }

  /// The method that the words name.
  private static func method(_ words: [String]) async -> MethodType? {
    await ask(words)?.methods.first { method in
      words.contains(method.fullName) || words.contains("\(method.service.name).\(method.name)")
    }
  }
}
