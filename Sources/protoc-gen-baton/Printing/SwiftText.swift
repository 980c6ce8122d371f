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
  mutating func block(_ header: String, _ body: (inout SwiftText) throws -> Void) rethrows {
    line("\(header) {")
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

  /// `head(parameters) tail` as a declaration: on one line, or one line for each parameter.
  mutating func declaration(_ head: String, _ parameters: [Expression], _ tail: String) {
    let short = "\(head)(\(parameters.map(\.text).joined(separator: ", ")))\(tail)"
    if fits(short) { return line(short) }
    line("\(head)(")
    indented { text in
      for (index, parameter) in parameters.enumerated() {
        text.parameter(parameter, index + 1 < parameters.count ? "," : "")
      }
    }
    line(")\(tail)")
  }

  /// A parameter on one line, or with those of its function further in.
  private mutating func parameter(_ parameter: Expression, _ comma: String) {
    if fits(parameter.text + comma) || parameter.arguments.isEmpty {
      return line(parameter.text + comma)
    }
    line("\(parameter.head)(")
    indented { text in text.line(parameter.list) }
    line(")\(parameter.tail)\(comma)")
  }

  /// `start expression` on one line, or with the expression broken inside its parentheses, or
  /// below `start` where not even its beginning fits.
  mutating func statement(_ start: String, _ expression: Expression, _ tail: String = "") {
    let opening = start.isEmpty ? "" : start + " "
    let isCall = !expression.arguments.isEmpty
    if fits(opening + expression.text + tail) || !isCall && start.isEmpty {
      return line(opening + expression.text + tail)
    }
    if isCall && (start.isEmpty || fits("\(opening)\(expression.head)(")) {
      return broken(opening, expression, tail)
    }
    line(start)
    indented { text in text.statement("", expression, tail) }
  }

  private mutating func broken(_ opening: String, _ expression: Expression, _ tail: String) {
    line("\(opening)\(expression.head)(")
    indented { text in
      let list = "\(expression.list))\(expression.tail)\(tail)"
      if text.fits(list) { return text.line(list) }
      for (index, argument) in expression.arguments.enumerated() {
        let isLast = index + 1 == expression.arguments.count
        text.statement("", argument, isLast ? ")\(expression.tail)\(tail)" : ",")
      }
    }
  }

  /// `call { parameters in`, the body further in, and `}`.
  mutating func closure(
    _ call: String, _ parameters: String, _ body: (inout SwiftText) throws -> Void
  ) rethrows {
    let short = "\(call) { \(parameters) in"
    let isShort = fits(short)
    line(isShort ? short : "\(call) {")
    try indented { text in
      if !isShort { text.line("\(parameters) in") }
      try body(&text)
    }
    line("}")
  }
}
