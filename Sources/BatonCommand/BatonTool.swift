import ArgumentParser

/// The root of the commands.
struct BatonTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baton",
    abstract: "Call servers of this machine, with open files as arguments and results.",
    subcommands: [CallCommand.self, ListCommand.self, DescribeCommand.self])
}
