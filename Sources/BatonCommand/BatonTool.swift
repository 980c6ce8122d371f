import ArgumentParser

/// The root of the commands.
struct BatonTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baton",
    abstract: "Call servers of this machine, with open files as arguments and results.",
    subcommands: [])
}
@main
enum Main { static func main() { BatonTool.main() } }
