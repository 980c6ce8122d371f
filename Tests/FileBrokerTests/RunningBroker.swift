import Baton
import BatonMessages
import CKernelObjects
import Foundation
import SystemPackage
import Testing

/// The example as its callers know it: a child process on a socket pair, with a root of its own.
struct RunningBroker {
  let root: FilePath
  let connection: Connection

  /// What the broker's process has open, as `/proc/PID/fd` says.
  func openNames() throws -> [String] {
    let files = FileManager.default
    let process = try #require(
      try files.contentsOfDirectory(atPath: "/proc").first { name in
        let words = files.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
        return Int(name) != nil && words.split(separator: 0).last == Data(root.string.utf8)
      })
    let folder = "/proc/\(process)/fd"
    return try files.contentsOfDirectory(atPath: folder).compactMap {
      try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
    }
  }

  /// Writes a new file below the root, or what an old one holds.
  func write(_ text: String, to name: String) throws {
    try Descriptor.open(
      root.appending(name), access: .writeOnly, options: [.create, .truncate]
    ).write(Array(text.utf8), at: 0)
  }
}

/// Runs `body` on a thread of its own with a broker that ends with it.
func withBroker(_ body: (FilePath, Connection) async throws -> Void) async throws {
  try await withRunningBroker { try await body($0.root, $0.connection) }
}

func withRunningBroker(_ body: (RunningBroker) async throws -> Void) async throws {
  var template = Array("/tmp/baton-broker-XXXXXX".utf8CString)
  let root = FilePath(platformString: try #require(mkdtemp(&template)))
  defer { root.withPlatformString(remove_tree) }
  // The test's own program lies among the build's products.
  let own = try Descriptor.open("/proc/self/exe", options: .pathOnly).describe()
  let products = FilePath(try #require(own.path)).removingLastComponent()
  let address = try Address("exec:'\(products.appending("file-broker"))' --root '\(root)'")
  let loop = try EventLoop()
  defer { loop.shutdown() }
  try await withTaskExecutorPreference(loop) {
    let connection = try await Connection.connect(to: address)
    defer { connection.close() }
    try await body(RunningBroker(root: root, connection: connection))
  }
}
