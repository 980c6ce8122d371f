import ArgumentParser
import Baton
import Glibc

@main
enum Main {
  /// On the main thread, so that the threads it starts block the signals that were blocked before,
  /// and no more, and so do the programs that they start. Those of the global pool block all.
  @MainActor
  static func main() async {
    // A reader that has seen enough ends this command without a word, whatever was inherited.
    signal(SIGPIPE, SIG_DFL)
    do {
      // It may block, and lasts as long as the process: what `exec:` starts ends with it.
      let thread = try EventLoop(options: EventLoopOptions(polling: .zero))
      try await withTaskExecutorPreference(thread) { try await run() }
    } catch {
      Diagnostics.end(error)
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
