import ArgumentParser
import Glibc
import SystemPackage

/// What goes to standard error.
enum Diagnostics {
  private static let terminal = Terminal(stream: STDERR_FILENO)

  /// One line that the user asked for.
  static func trace(_ message: String) {
    write(terminal(.faint, line(message)))
  }

  /// Says why the command did not succeed, and ends the process with the status that tells it.
  static func end(_ error: any Error) -> Never {
    if BatonTool.exitCode(for: error).isSuccess {
      let text = CompletionScript.adapted(BatonTool.fullMessage(for: error))
      try? StandardOutput.write(text.hasSuffix("\n") ? text : text + "\n")
      exit(EXIT_SUCCESS)
    }
    let failure = error as? Failure ?? usage(error)
    if case .interrupted = failure.status {
      // Whoever sent the signal knows.
    } else {
      write(terminal(.red, "baton:") + " " + line(failure.message))
    }
    exit(failure.status.number)
  }

  private static func usage(_ error: any Error) -> Failure {
    let subcommands = BatonTool.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    let named = CommandLine.arguments.dropFirst().first { subcommands.contains($0) }
    let command = (["baton", named].compactMap(\.self) + ["--help"]).joined(separator: " ")
    return .usage("\(BatonTool.message(for: error)); see \(command)")
  }

  /// Messages may come from a peer nobody vouches for.
  private static func line(_ message: String) -> String {
    message.split(whereSeparator: \.isNewline).joined(separator: " ").visible
  }

  private static func write(_ line: String) {
    var line = line + "\n"
    line.withUTF8 { bytes in
      // There is nobody left to tell when standard error is gone.
      try? StandardOutput.write(UnsafeRawBufferPointer(bytes), to: .standardError)
    }
  }
}
