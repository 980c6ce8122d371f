import Foundation
import Programs
import Testing

/// Two packages that use this one from outside: `app` needs code of its own target `Common` and of
/// the package `shared`. They lie in this package's build folder, so that building them again is
/// quick.
struct ExamplePackages {
  let folder = Protoc.package.appending(path: ".build/example-packages")

  private static let originals = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Packages")

  /// Copies them afresh; files that are as they were stay untouched.
  init() throws {
    let files = FileManager.default
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    let link = folder.appending(path: "baton")
    if (try? files.destinationOfSymbolicLink(atPath: link.path)) == nil {
      try files.createSymbolicLink(at: link, withDestinationURL: Protoc.package)
    }
    for name in try files.subpathsOfDirectory(atPath: Self.originals.path) {
      let original = Self.originals.appending(path: name)
      guard let content = try? Data(contentsOf: original) else { continue }
      try write(content, to: name)
    }
  }

  func write(_ content: Data, to name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    if (try? Data(contentsOf: file)) != content { try content.write(to: file) }
  }

  /// Changes one file until the next use of these packages.
  func edit(_ name: String, replacing old: String, with new: String) throws {
    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    try write(Data(text.replacingOccurrences(of: old, with: new).utf8), to: name)
  }

  /// Builds `app`; what the build said, and whether it succeeded.
  func build(environment: [String: String] = [:]) throws -> (text: String, isBuilt: Bool) {
    let package = folder.appending(path: "app").path
    return try run(["swift", "build", "--package-path", package], environment)
  }

  /// What the built `app` writes.
  func runApp() throws -> String {
    try run([folder.appending(path: "app/.build/debug/App").path], [:]).text
  }

  private func run(
    _ command: [String], _ environment: [String: String]
  ) throws -> (text: String, isBuilt: Bool) {
    let scratch = try TemporaryFolder()
    let output = try scratch.file("output")
    var program = Program("/usr/bin/env", command)
    program.environment = environment
    let written = try FileHandle(forWritingTo: output)
    program.output = written
    program.errors = written
    let status = try program.runBlocking()
    return (try String(contentsOf: output, encoding: .utf8), status == 0)
  }
}
