import ArgumentParser
import BatonMessages
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
    let failure = error as? Failure ?? answered(error)
    if case .interrupted(let signal) = failure.status {
      // Whoever sent the signal knows.
      Interrupt.end(by: signal)
    }
    write(terminal(.red, "baton:") + " " + line(failure.message))
    for detail in failure.details {
      write(terminal(.red, "baton:") + " detail: " + line(detail, most: DetailTexts.mostShown))
    }
    exit(failure.status.number)
  }

  /// Prints what the user asked ArgumentParser for, such as help, and ends the process with success;
  /// returns why that cannot be.
  private static func answered(_ error: any Error) -> Failure {
    if !BatonTool.exitCode(for: error).isSuccess { return usage(error) }
    let text = CompletionScript.adapted(BatonTool.fullMessage(for: error))
    do throws(Failure) {
      try StandardOutput.write(text.hasSuffix("\n") ? text : text + "\n")
    } catch {
      return error
    }
    exit(EXIT_SUCCESS)
  }

  private static func usage(_ error: any Error) -> Failure {
    let subcommands = BatonTool.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    let arguments = CommandLine.arguments.dropFirst()
    if let first = arguments.first, !first.hasPrefix("-"), !(subcommands + ["help"]).contains(first)
    {
      let names = subcommands.dropLast().joined(separator: ", ") + " or \(subcommands.last ?? "")"
      return .usage("expected \(names), got \(first.quoted); see baton --help")
    }
    let named = arguments.first { subcommands.contains($0) }
    let command = (["baton", named].compactMap(\.self) + ["--help"]).joined(separator: " ")
    var message = BatonTool.message(for: error)
    for argument in CommandLine.arguments where argument.shortened != argument {
      message.replace(argument, with: argument.shortened)
    }
    return .usage("\(message); see \(command)")
  }

  /// Characters of a line: more than any error has that is meant to be read.
  private static let mostShown = 8192

  /// Messages may come from a peer nobody vouches for.
  private static func line(_ message: String, most: Int = mostShown) -> String {
    let shown = message.unicodeScalars.prefix(most)
    let isWhole = shown.endIndex == message.unicodeScalars.endIndex
    return (String(shown) + (isWhole ? "" : "…")).split(whereSeparator: \.isNewline).joined(
      separator: " "
    ).visible
  }

  private static func write(_ line: String) {
    var line = line + "\n"
    line.withUTF8 { bytes in
      // There is nobody left to tell when standard error is gone.
      try? StandardOutput.write(UnsafeRawBufferPointer(bytes), to: .standardError)
    }
  }
}
