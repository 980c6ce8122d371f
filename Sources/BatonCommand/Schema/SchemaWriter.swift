/// Lines of schema text: indentation, blank lines, comments and colours.
///
/// Names and comments may come from a server nobody vouches for, so control characters in them are
/// shown as U+FFFD and never reach the terminal.
struct SchemaWriter {
  private let comments: DeclarationComments
  private let terminal: Terminal
  private var lines: [String] = []
  private var indentation = 0

  init(_ comments: DeclarationComments, _ terminal: Terminal) {
    self.comments = comments
    self.terminal = terminal
  }

  var text: String { lines.joined(separator: "\n") + "\n" }

  mutating func line(_ text: String, keyword: String? = nil, comment: String? = nil) {
    var line = keyword.map { terminal(.bold, $0) + " " } ?? ""
    line += Self.visible(text)
    if let comment {
      if !line.isEmpty { line += "  " }
      line += terminal(.faint, "//" + Self.visible(comment))
    }
    lines.append(line.isEmpty ? "" : String(repeating: "  ", count: indentation) + line)
  }

  /// An empty line before what follows, but not behind another and not behind a brace that opened.
  mutating func space() {
    if let last = lines.last, !last.isEmpty, !last.hasSuffix("{") { lines.append("") }
  }

  mutating func append(_ other: SchemaWriter) {
    space()
    lines += other.lines
  }

  /// A declaration of one line, with its comments.
  mutating func statement(_ path: [Int32], _ text: String, keyword: String? = nil) {
    before(path)
    let trailing = comments.trailing(path)
    if trailing.count == 1 { return line(text, keyword: keyword, comment: trailing[0]) }
    line(text, keyword: keyword)
    if trailing.isEmpty { return }
    for text in trailing { line("", comment: text) }
    lines.append("")
  }

  /// A declaration with others inside it, with its comments.
  mutating func block(
    _ path: [Int32], _ text: String, keyword: String? = nil,
    _ body: (inout SchemaWriter) -> Void
  ) {
    before(path)
    let start = lines.count
    line(text + " {", keyword: keyword)
    indentation += 1
    let trailing = comments.trailing(path)
    for text in trailing { line("", comment: text) }
    if !trailing.isEmpty { lines.append("") }
    body(&self)
    indentation -= 1
    if lines.last == "" { lines.removeLast() }
    if lines.count == start + 1 { lines[start] += "}" } else { line("}") }
  }

  private mutating func before(_ path: [Int32]) {
    for block in comments.detached(path) {
      space()
      for text in block { line("", comment: text) }
      lines.append("")
    }
    for text in comments.leading(path) { line("", comment: text) }
  }

  private static func visible(_ text: String) -> String {
    text.visible
  }

  /// A string literal.
  static func quote(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.isControl:
        let octal = String(scalar.value, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
