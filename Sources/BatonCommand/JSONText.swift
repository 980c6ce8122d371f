/// Lays out JSON text that is known to be well-formed, without reading its values.
struct JSONText {
  private let terminal: Terminal
  private var output = ""
  private var depth = 0

  /// `compact` JSON on several lines with two spaces a level, names in colour where the terminal
  /// has colours.
  static func pretty(_ compact: String, terminal: Terminal) -> String {
    var text = JSONText(terminal: terminal)
    text.lay(out: Array(compact.utf8))
    return text.output
  }

  private init(terminal: Terminal) {
    self.terminal = terminal
  }

  private mutating func lay(out bytes: [UInt8]) {
    var next = 0
    while next < bytes.count {
      let start = next
      next = Self.end(ofTokenAt: start, in: bytes)
      let token = String(decoding: bytes[start..<next], as: UTF8.self)
      let following = Self.skipSpace(from: next, in: bytes)
      switch bytes[start] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let closes = following < bytes.count && [0x5D, 0x7D].contains(bytes[following])
        open(token, isEmpty: closes)
        if closes {
          output += String(decoding: [bytes[following]], as: UTF8.self)
          next = following + 1
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        breakLine()
        output += token
      case UInt8(ascii: ","):
        output += token
        breakLine()
      case UInt8(ascii: ":"): output += ": "
      case UInt8(ascii: "\""):
        let isName = following < bytes.count && bytes[following] == UInt8(ascii: ":")
        output += isName ? terminal(.cyan, token) : token
      case 0x20, 0x09, 0x0A, 0x0D: break
      default: output += token
      }
    }
  }

  private mutating func open(_ token: String, isEmpty: Bool) {
    output += token
    if isEmpty { return }
    depth += 1
    breakLine()
  }

  private mutating func breakLine() {
    output += "\n" + String(repeating: "  ", count: depth)
  }

  private static func skipSpace(from start: Int, in bytes: [UInt8]) -> Int {
    var next = start
    while next < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[next]) { next += 1 }
    return next
  }

  /// A string with its quotes, a number or word, or one byte of punctuation or space.
  private static func end(ofTokenAt start: Int, in bytes: [UInt8]) -> Int {
    let punctuation = Array("{}[],:\" \t\r\n".utf8)
    var next = start + 1
    if bytes[start] == UInt8(ascii: "\"") {
      while next < bytes.count, bytes[next] != UInt8(ascii: "\"") {
        next += bytes[next] == UInt8(ascii: "\\") ? 2 : 1
      }
      return min(next + 1, bytes.count)
    }
    if punctuation.contains(bytes[start]) { return next }
    while next < bytes.count, !punctuation.contains(bytes[next]) { next += 1 }
    return next
  }
}
