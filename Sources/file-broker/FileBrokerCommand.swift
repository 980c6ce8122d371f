import ArgumentParser
import Baton
import BatonHealth
import BatonMessages
import SystemPackage

/// Serves files below a directory to callers who get the open file itself.
@main
struct FileBrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file-broker",
    abstract: "Opens files below a directory on behalf of callers, and counts what is in theirs.",
    discussion: """
      Started by `baton call exec:…` or by systemd it serves the socket it inherits. Otherwise it \
      listens at --address until it is interrupted.

      Examples:
        baton call "exec:file-broker --root ." files.v1.FileBroker/Open '{"path":"README.md"}' \
      --cat file
        file-broker --root /srv --address unix:/run/broker.sock
      """)

  @Option(help: "The directory; nothing outside it is opened.")
  var root = "."

  @Option(help: "Where to listen: unix:PATH, unix:@NAME, fd:NUMBER or systemd.")
  var address = "systemd"

  func run() async throws {
    do {
      let broker = Broker(root: try Root(FilePath(root)))
      let health = HealthService(serving: [Broker.schema.name])
      let server = Server(address: address, services: [broker, health])
      try server.bind()
      // At a signal calls in flight are finished, and the socket's file is removed.
      try await server.run(untilSignals: [.terminate, .interrupt])
    } catch let error as Errno {
      throw ValidationError("expected a directory at --root \(root): \(error)")
    } catch let error as ConnectionError where error.errno == nil {
      // What the kernel refuses is no wrong usage, and goes on as it is.
      throw ValidationError("\(error)")
    }
  }
}
