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
      let configuration = try JSONDecoder().decode(Configuration.self, from: data)
      try configuration.checkSchemas()
      return configuration
    } catch {
      throw Problem("\(file.path): \(explanation(error))")
    }
  }

  /// Each schema has a file of Swift code of its own.
  private func checkSchemas() throws {
    if schemas.isEmpty { throw Problem("schemas: expected at least one schema file, got none") }
    var named: [String: String] = [:]
    for schema in schemas {
      let parts = schema.split(separator: "/", omittingEmptySubsequences: false)
      if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
        throw Problem(
          """
          schemas: expected a file as it is imported, such as files/v1/broker.proto; got "\(schema)"
          """)
      }
      if let other = named.updateValue(schema, forKey: Generation.swiftFile(schema)) {
        throw Problem(
          other == schema
            ? "schemas: \(schema) is listed twice"
            : "schemas: \(other) and \(schema) would become one file; rename one of them")
      }
    }
  }

  private static func refuseUnknownKeys(_ data: Data) throws {
    let keys = ["schemas", "visibility", "imports", "output"]
    guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw Problem("expected an object with the key schemas, got another value")
    }
    for key in object.keys.sorted() where !keys.contains(key) {
      throw Problem("expected the keys \(keys.joined(separator: ", ")), got \(key)")
    }
  }

  private static func explanation(_ error: any Error) -> String {
    switch error {
    case let problem as Problem: problem.description
    case DecodingError.keyNotFound(let key, _): "expected the key \(key.stringValue)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      expectation(of: context.codingPath.first?.stringValue ?? "")
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      "expected the visibility internal, package or public"
    default: "expected a JSON object with the key schemas: \(error.localizedDescription)"
    }
  }

  private static func expectation(of key: String) -> String {
    switch key {
    case "schemas": #"schemas: expected an array of texts, such as ["files/v1/broker.proto"]"#
    case "imports": #"imports: expected an array of texts, such as ["Vendor/Schemas"]"#
    default: "\(key): expected a text"
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
