/// Swift source being written, line by line at the right depth.
struct SwiftText {
  static let width = 100

  private(set) var text = ""
  private var depth = 0

  mutating func line(_ content: String = "") {
    if !content.isEmpty { text += String(repeating: "  ", count: depth) + content }
    text += "\n"
  }

  mutating func lines(_ contents: [String]) {
    for content in contents { line(content) }
  }

  mutating func indented(_ body: (inout SwiftText) throws -> Void) rethrows {
    depth += 1
    try body(&self)
    depth -= 1
  }

  /// `header {`, the body further in, and `}`.
  mutating func block(
    _ header: String, opening: String = "", _ body: (inout SwiftText) throws -> Void
  ) rethrows {
    line("\(header) {\(opening)")
    try indented(body)
    line("}")
  }

  mutating func comment(_ lines: [String]) {
    for content in lines { line(content.isEmpty ? "///" : "/// \(content)") }
  }

  /// Whether `content` goes on one line here.
  func fits(_ content: String) -> Bool {
    2 * depth + content.count <= Self.width
  }

  /// `head(arguments) tail` as a declaration: on one line, or one line for each argument.
  mutating func declaration(_ head: String, _ arguments: [String], _ tail: String) {
    let short = "\(head)(\(arguments.joined(separator: ", ")))\(tail)"
    if fits(short) { return line(short) }
    line("\(head)(")
    indented { text in
      for (index, argument) in arguments.enumerated() {
        text.line(argument + (index + 1 < arguments.count ? "," : ""))
      }
    }
    line(")\(tail)")
  }

  /// `head(arguments)tail` as an expression: on one line, or broken behind the parenthesis.
  mutating func call(_ head: String, _ arguments: [String], _ tail: String = "") {
    let short = "\(head)(\(arguments.joined(separator: ", ")))\(tail)"
    if fits(short) { return line(short) }
    line("\(head)(")
    indented { text in
      let inner = arguments.joined(separator: ", ") + ")\(tail)"
      if text.fits(inner) { return text.line(inner) }
      for (index, argument) in arguments.enumerated() {
        text.line(argument + (index + 1 < arguments.count ? "," : ")\(tail)"))
      }
    }
  }
}
