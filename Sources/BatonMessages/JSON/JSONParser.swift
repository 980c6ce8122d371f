/// Reads JSON text (RFC 8259), strictly. Duplicate names in an object are errors.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  /// Levels of objects and arrays that may still be entered.
  private var depth: Int
  private let nesting: Int

  private init(_ text: String, nesting: Int) {
    bytes = Array(text.utf8)
    self.nesting = min(max(nesting, 0), JSONDecodingOptions.deepest)
    depth = self.nesting
  }

  static func parse(_ text: String, nesting: Int) throws(CodecError) -> JSONNode {
    var parser = JSONParser(text, nesting: nesting)
    let node = try parser.value()
    parser.skipSpace()
    if parser.position < parser.bytes.count { throw parser.expected("the end of the text") }
    return node
  }

  // MARK: Values

  private mutating func value() throws(CodecError) -> JSONNode {
    skipSpace()
    let start = position
    let value: JSONNode.Value =
      switch peek {
      case UInt8(ascii: "{"): .object(try object())
      case UInt8(ascii: "["): .array(try array())
      case UInt8(ascii: "\""): .string(try string())
      case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): .number(try number())
      default: try word()
      }
    return JSONNode(value: value, offset: start)
  }

  private mutating func object() throws(CodecError) -> [JSONMember] {
    try enter()
    defer { depth += 1 }
    var members: [JSONMember] = []
    var names: Set<ExactString> = []
    if take(UInt8(ascii: "}")) { return members }
    repeat {
      skipSpace()
      let start = position
      guard peek == UInt8(ascii: "\"") else { throw expected("a name in double quotes") }
      let name = try string()
      if !names.insert(ExactString(name)).inserted {
        throw error("the name \(name.quoted) came twice", start)
      }
      guard take(UInt8(ascii: ":")) else { throw expected("\":\"") }
      members.append(JSONMember(name: name, offset: start, node: try value()))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw expected("\",\" or \"}\"") }
    return members
  }

  private mutating func array() throws(CodecError) -> [JSONNode] {
    try enter()
    defer { depth += 1 }
    var elements: [JSONNode] = []
    if take(UInt8(ascii: "]")) { return elements }
    repeat { elements.append(try value()) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw expected("\",\" or \"]\"") }
    return elements
  }

  /// Moves past a bracket.
  private mutating func enter() throws(CodecError) {
    if depth == 0 { throw error("expected at most \(nesting) levels", position) }
    depth -= 1
    position += 1
  }

  private mutating func word() throws(CodecError) -> JSONNode.Value {
    for (word, value) in [("null", .null), ("true", .bool(true)), ("false", .bool(false))]
      as [(String, JSONNode.Value)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw expected("a value")
  }

  private mutating func number() throws(CodecError) -> String {
    guard let end = JSONNumber.end(in: bytes, from: position) else {
      throw expected("a number with no leading zero and a digit at its end")
    }
    let text = String(decoding: bytes[position..<end], as: UTF8.self)
    position = end
    return text
  }

  // MARK: Strings

  private mutating func string() throws(CodecError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &content)
      case 0..<0x20: throw expected("an escape such as \\n in place of a control character")
      default:
        content.append(byte)
        position += 1
      }
    }
    throw error("the string does not end", start)
  }

  private mutating func escape(into content: inout [UInt8]) throws(CodecError) {
    let start = position
    position += 1
    let byte = peek
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte ?? 0)
    case UInt8(ascii: "b"): content.append(8)
    case UInt8(ascii: "f"): content.append(12)
    case UInt8(ascii: "n"): content.append(10)
    case UInt8(ascii: "r"): content.append(13)
    case UInt8(ascii: "t"): content.append(9)
    case UInt8(ascii: "u"): content += Array(String(try codePoint(start)).utf8)
    default:
      throw error("expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u", start)
    }
  }

  /// What stands behind `\u`: a code point, or a pair of surrogates in two escapes.
  private mutating func codePoint(_ start: Int) throws(CodecError) -> Unicode.Scalar {
    let first = try fourDigits(start)
    if let scalar = Unicode.Scalar(first) { return scalar }
    let isHigh = first < 0xdc00
    guard isHigh, bytes[position...].starts(with: "\\u".utf8) else {
      throw error("a surrogate came without its other half", start)
    }
    position += 2
    let second = try fourDigits(start)
    guard 0xdc00...0xdfff ~= second,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw error("a surrogate came without its other half", start) }
    return scalar
  }

  private mutating func fourDigits(_ start: Int) throws(CodecError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("expected \\u and four hexadecimal digits", start)
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  // MARK: Text

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  /// Moves past spaces and the byte, if it is next.
  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    if peek != byte { return false }
    position += 1
    return true
  }

  private func expected(_ what: String) -> CodecError {
    let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars
    let got = rest.first.map { String($0).quoted } ?? "the end of the text"
    return error("expected \(what), got \(got)", position)
  }
  private func error(_ message: String, _ offset: Int) -> CodecError {
    CodecError(.json, message, offset: offset)
  }
}

extension CodecError {
  /// With line and column, both counted from one, of the error's place in `text`.
  func located(in text: String) -> CodecError {
    guard let offset else { return self }
    let before = text.utf8.prefix(offset)
    let line = before.count { $0 == 0x0a } + 1
    let start = before.lastIndex(of: 0x0a).map { text.utf8.index(after: $0) } ?? text.startIndex
    let column = before[start...].count { $0 & 0xc0 != 0x80 } + 1
    var located = self
    located.message = "line \(line), column \(column): \(message)"
    return located
  }
}
