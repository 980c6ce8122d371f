import Foundation
import Testing

/// A target of this package that commits its generated code, as its `baton.json` says.
struct CommittedTarget: CustomTestStringConvertible {
  private struct Configuration: Decodable {
    let schemas: [String]
    let visibility: String
    let output: String
  }

  let folder: URL
  private let configuration: Configuration

  var schemas: [String] { configuration.schemas }
  var output: URL { folder.appending(path: configuration.output) }
  var testDescription: String { folder.lastPathComponent }
  var visibility: String { configuration.visibility.capitalized }
  var module: String {
    folder.path.contains("/Tests/Golden/") ? "Golden" + testDescription : testDescription
  }

  private init(_ file: URL) throws {
    folder = file.deletingLastPathComponent()
    configuration = try JSONDecoder().decode(Configuration.self, from: Data(contentsOf: file))
  }

  static let all: [CommittedTarget] = [
    "Sources/BatonMessages", "Sources/Baton", "Sources/BatonHealth", "Tests/Golden/Types",
    "Tests/Golden/Names",
  ].compactMap { folder in
    try? CommittedTarget(Protoc.package.appending(path: "\(folder)/baton.json"))
  }
}

@Suite struct CommittedCodeTests {
  @Test func `every target that commits generated code is listed`() throws {
    let committing = try ["Sources", "Tests"].flatMap { part in
      let folder = Protoc.package.appending(path: part)
      return try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix("/baton.json") }.map { folder.appending(path: $0) }
    }.filter { try text($0).contains("\"output\"") }.map { $0.deletingLastPathComponent().path }
    #expect(CommittedTarget.all.map(\.folder.path).sorted() == committing.sorted())
    #expect(
      CommittedTarget.all.map(\.module)
        == ["BatonMessages", "Baton", "BatonHealth", "GoldenTypes", "GoldenNames"])
  }

  @Test(arguments: CommittedTarget.all)
  func `the committed code is what the generator writes`(_ target: CommittedTarget) throws {
    let fresh = try TemporaryFolder()
    let others = CommittedTarget.all.filter { $0.module != target.module }
    let protoc = Protoc(
      folders: [target.folder] + others.map(\.folder),
      options: ["Module=\(target.module)", "Visibility=\(target.visibility)"]
        + others.flatMap { other in other.schemas.map { "M\($0)=\(other.module)" } })
    #expect(try protoc.generate(target.schemas, into: fresh.url) == "")
    let names = try files(fresh.url)
    #expect(try files(target.output) == names)
    for name in names {
      let (committed, written) = (
        try text(target.output.appending(path: name)), try text(fresh.url.appending(path: name))
      )
      #expect(committed == written, "\(name): run swift package baton-generate")
    }
  }

  private func files(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func text(_ file: URL) throws -> String {
    try String(contentsOf: file, encoding: .utf8)
  }
}
