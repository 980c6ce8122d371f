/// Schema names as Swift names.
enum SwiftName {
  /// `file_broker` and `FileBroker` to `FileBroker`.
  static func type(_ name: String) -> String {
    identifier(words(name).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined())
  }

  /// `open_file`, `OpenFile` and `OPEN_FILE` to `openFile`; `HTTPServer` to `httpServer`.
  static func member(_ name: String) -> String {
    let words = words(name)
    let isUpper = words.allSatisfy { !$0.contains(where: \.isLowercase) }
    let parts = words.enumerated().map { index, word in
      let plain = isUpper ? word.lowercased() : String(word)
      return index == 0
        ? lowercasedStart(plain) : plain.prefix(1).uppercased() + plain.dropFirst()
    }
    return identifier(parts.joined())
  }

  /// `files/v1/broker.proto` to `FilesV1Broker`.
  static func file(_ path: String) -> String {
    let stem = path.hasSuffix(".proto") ? path.dropLast(6) : path[...]
    return type(String(stem.map { $0.isLetter || $0.isNumber ? $0 : "_" }))
  }

  /// `files/v1/broker.proto` to `filesV1Broker`.
  static func constant(file path: String) -> String {
    let name = file(path)
    return name.prefix(1).lowercased() + name.dropFirst()
  }

  /// `files/v1/broker.proto` to `files_v1_broker.baton.swift`. The whole path, as the names of a
  /// module's files must differ.
  static func swiftFile(_ path: String) -> String {
    let stem = path.hasSuffix(".proto") ? path.dropLast(6) : path[...]
    return stem.map { $0 == "/" ? "_" : String($0) }.joined() + ".baton.swift"
  }

  /// In front of an enum's values, repeated by convention: `KIND_` for `Kind`.
  static func valuePrefix(_ enumeration: String) -> String {
    var prefix = ""
    var previous: Character?
    for character in enumeration {
      if character.isUppercase, let previous, previous.isLowercase || previous.isNumber {
        prefix += "_"
      }
      prefix += character.uppercased()
      previous = character
    }
    return prefix + "_"
  }

  /// With backticks where Swift would read a keyword.
  static func escaped(_ name: String) -> String {
    keywords.contains(name) ? "`\(name)`" : name
  }

  private static func words(_ name: String) -> [Substring] {
    name.split(separator: "_")
  }

  private static func lowercasedStart(_ word: String) -> String {
    let capitals = word.prefix { $0.isUppercase }
    if capitals.count == word.count { return word.lowercased() }
    let lowered = capitals.count <= 1 ? capitals.count : capitals.count - 1
    return word.prefix(lowered).lowercased() + word.dropFirst(lowered)
  }

  private static func identifier(_ name: String) -> String {
    name.first?.isNumber ?? true ? "_" + name : name
  }

  private static let keywords: Set<String> = [
    "Any", "Protocol", "Self", "actor", "any", "as", "associatedtype", "async", "await", "break",
    "case", "catch", "class", "consume", "continue", "copy", "default", "defer", "deinit",
    "discard", "do", "each", "else", "enum", "extension", "fallthrough", "false", "fileprivate",
    "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
    "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return",
    "self", "some", "static", "struct", "subscript", "super", "switch", "then", "throw", "throws",
    "true", "try", "typealias", "unsafe", "var", "where", "while", "yield",
  ]
}
