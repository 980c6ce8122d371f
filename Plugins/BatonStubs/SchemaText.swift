import Foundation

/// The text of one schema file, as far as its imports go.
struct SchemaText {
  struct Import {
    let schema: String
    /// Counts from one.
    let line: Int
  }

  let imports: [Import]

  init(_ file: URL) throws {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw Problem("\(file.path): expected a schema in UTF-8")
    }
    let lines = Self.withoutComments(text).split(separator: "\n", omittingEmptySubsequences: false)
    imports = lines.enumerated().compactMap { index, line in
      let statement = /^\s*import\s+(?:public\s+|weak\s+)?["']([^"']+)["']\s*;/
      guard let match = line.firstMatch(of: statement) else { return nil }
      return Import(schema: String(match.1), line: index + 1)
    }
  }

  /// Comments become blanks; lines stay where they are.
  private static func withoutComments(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let next = rest.first {
      if next == "\"" || next == "'" {
        result += take(&rest, through: next)
      } else if rest.hasPrefix("//") {
        rest = rest.drop { $0 != "\n" }
      } else if rest.hasPrefix("/*") {
        let end = rest.dropFirst(2).firstRange(of: "*/")?.upperBound ?? rest.endIndex
        result += rest[..<end].filter { $0 == "\n" }
        rest = rest[end...]
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }

  /// A string literal with its quotes.
  private static func take(_ rest: inout Substring, through quote: Character) -> Substring {
    var index = rest.index(after: rest.startIndex)
    while index < rest.endIndex, rest[index] != quote, rest[index] != "\n" {
      let isEscape = rest[index] == "\\"
      index = rest.index(after: index)
      if isEscape, index < rest.endIndex { index = rest.index(after: index) }
    }
    if index < rest.endIndex { index = rest.index(after: index) }
    defer { rest = rest[index...] }
    return rest[..<index]
  }
}
