import Foundation
import Testing

@Suite struct RefusalTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Refusals")

  static let cases =
    (try? FileManager.default.contentsOfDirectory(atPath: fixtures.path).sorted()) ?? []

  @Test(arguments: cases)
  func `a schema that cannot be served is refused with place and remedy`(_ name: String) throws {
    let folder = Self.fixtures.appending(path: name)
    let output = try TemporaryFolder()
    let protoc = Protoc(folders: [folder], options: ["Module=Refused"])
    let said = try protoc.generate(Self.schemas(in: folder), into: output.url)
    let expected = try String(contentsOf: folder.appending(path: "refusal.txt"), encoding: .utf8)
    #expect(said == expected)
    #expect(try FileManager.default.contentsOfDirectory(atPath: output.url.path) == [])
  }

  @Test(arguments: [
    ("", "expected Module=NAME, the module the code is compiled in"),
    ("Module=A,Visibility=Open", "expected Visibility=Public, Package or Internal, got Open"),
    (
      "Module=A,Speed=1",
      "expected Module=NAME, Visibility=… or Mpath/to/schema.proto=MODULE, got Speed=1"
    ),
    (
      "Module=A,fast",
      "expected Module=NAME, Visibility=… or Mpath/to/schema.proto=MODULE, got fast"
    ),
  ])
  func `a wrong parameter is refused`(_ options: String, _ refusal: String) throws {
    let output = try TemporaryFolder()
    let protoc = Protoc(folders: [], options: [options])
    let said = try protoc.generate(["files/v1/broker.proto"], into: output.url)
    #expect(said == "--baton_out: --baton_opt: \(refusal)\n")
  }

  /// All but those in the folder `not-generated`.
  private static func schemas(in folder: URL) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".proto") && !$0.hasPrefix("not-generated/") }
  }
}
