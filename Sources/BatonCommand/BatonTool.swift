import ArgumentParser
import BatonMessages

/// The root of the commands.
struct BatonTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baton",
    abstract: "Call servers of this machine, with open files as arguments and results.",
    discussion: """
      The shell completes addresses, methods and fields when it has read a script, here that of bash; \
      there are those of zsh and fish, too:
        source <(baton --generate-completion-script bash)
      """,
    version: version,
    subcommands: [CallCommand.self, ListCommand.self, DescribeCommand.self])

  /// Baton's, and that of the code which it takes from protoc-gen-baton.
  private static var version: String { "0.1 (generated code: \(GeneratedCode.Version1.self))" }
}
