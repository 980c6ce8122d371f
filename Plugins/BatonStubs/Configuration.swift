import Foundation

/// The file `baton.json` in a target's folder: which schemas the target has Swift code of.
struct Configuration: Decodable {
  enum Visibility: String, Decodable {
    case `internal`, package, `public`
  }

  /// Schema files as they are imported, `files/v1/broker.proto`: relative to the target's folder or
  /// to the package's folder `Schemas`.
  let schemas: [String]
  /// Who sees the Swift code. Internal when left out.
  let visibility: Visibility?
  /// Further folders, relative to the package's, in which imported schemas lie.
  let imports: [String]?
  /// Where BatonGenerate writes code that is committed, relative to the target's folder. Targets
  /// that use BatonStubs leave it out.
  let output: String?

  static let fileName = "baton.json"

  /// Nil where the folder has no such file.
  static func read(in folder: URL) throws -> Configuration? {
    let file = folder.appending(path: fileName)
    guard let data = try? Data(contentsOf: file) else { return nil }
    do {
      try refuseUnknownKeys(data)
      return try JSONDecoder().decode(Configuration.self, from: data)
    } catch {
      throw Problem("\(file.path): \(explanation(error))")
    }
  }

  private static func refuseUnknownKeys(_ data: Data) throws {
    let keys = ["schemas", "visibility", "imports", "output"]
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    for key in object.keys.sorted() where !keys.contains(key) {
      throw Problem("expected the keys \(keys.joined(separator: ", ")), got \(key)")
    }
  }

  private static func explanation(_ error: any Error) -> String {
    switch error {
    case let problem as Problem: problem.description
    case DecodingError.keyNotFound(let key, _): "expected the key \(key.stringValue)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      "expected the visibility internal, package or public"
    default: "expected a JSON object with the key schemas: \(error.localizedDescription)"
    }
  }
}

/// What keeps code from being generated, in a sentence for the user.
struct Problem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
