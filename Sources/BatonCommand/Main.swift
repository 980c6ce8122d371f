import ArgumentParser
import Baton
import BatonMessages
import Glibc

@main
enum Main {
  /// On the main thread, so that the threads it starts block the signals that were blocked before,
  /// and no more, and so do the programs that they start. Those of the global pool block all.
  @MainActor
  static func main() async {
    // A reader that has seen enough ends this command without a word, whatever was inherited.
    signal(SIGPIPE, SIG_DFL)
    // Who presses Ctrl-\ wants an end, and not the runtime's report of a crash.
    signal(SIGQUIT, SIG_DFL)
    StandardStreams.fill()
    do {
      try DescriptorLimit.check()
      try Self.checkArguments()
      // It may block, and lasts as long as the process: what `exec:` starts ends with it.
      let thread = try EventLoop(options: EventLoopOptions(polling: .zero))
      try await withTaskExecutorPreference(thread) { try await run() }
    } catch {
      Diagnostics.end(error)
    }
  }

  /// Arguments become text, which names no file whose name is none.
  nonisolated private static func checkArguments() throws(Failure) {
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = CommandLine.unsafeArgv[index] else { return }
      if String(validatingCString: argument) == nil {
        throw .usage("expected UTF-8 in argument \(index), got \(String(cString: argument).quoted)")
      }
    }
  }

  nonisolated private static func run() async throws {
    var command = try await BatonTool.asyncParseAsRoot()
    if var command = command as? any AsyncParsableCommand {
      try await command.run()
    } else {
      try command.run()
    }
  }
}
