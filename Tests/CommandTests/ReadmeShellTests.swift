import Foundation
import Testing

/// The shell of the README, as its reader would type it after `baton` was installed.
@Suite(.timeLimit(.minutes(1))) struct ReadmeShellTests {
  @Test func `the README's look around runs as it is written`() async throws {
    let readme = try String(
      contentsOf: Tool.package.appending(path: "README.md"), encoding: .utf8)
    let start = try #require(readme.range(of: "```sh\n# Look around"))
    let rest = readme[start.upperBound...]
    let end = try #require(rest.range(of: "```"))
    let folder = URL(fileURLWithPath: Tool.product("baton")).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let result = try await Tool.run(
      "/bin/bash", ["-euo", "pipefail", "-c", "# " + rest[..<end.lowerBound]],
      environment: ["PATH": "\(folder):\(path)"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    #expect(result.text.contains("files.v1.FileBroker"))
    #expect(result.text.contains("service FileBroker {"))
    #expect(result.text.contains("\"words\": \"2\""))
  }
}
