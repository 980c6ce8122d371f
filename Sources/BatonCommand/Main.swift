import ArgumentParser
import Glibc

@main
enum Main {
  static func main() {
    // A reader that has seen enough ends this command without a word, whatever was inherited.
    signal(SIGPIPE, SIG_DFL)
    do {
      var command = try BatonTool.parseAsRoot()
      try command.run()
    } catch {
      Diagnostics.end(error)
    }
  }
}
