/// Writes JSON text.
struct JSONPrinter {
  let pretty: Bool
  private(set) var text = ""
  private var level = 0

  init(pretty: Bool) {
    self.pretty = pretty
  }

  mutating func print(_ value: JSONValue) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let value): quote(value)
    case .array(let values): list(values, "[", "]") { $0.print($1) }
    case .object(let members):
      list(members, "{", "}") {
        $0.quote($1.name)
        $0.text += $0.pretty ? ": " : ":"
        $0.print($1.value)
      }
    }
  }

  private mutating func list<Element>(
    _ elements: [Element], _ open: String, _ close: String,
    _ element: (inout JSONPrinter, Element) -> Void
  ) {
    text += open
    level += 1
    for (index, value) in elements.enumerated() {
      if index > 0 { text += "," }
      breakLine()
      element(&self, value)
    }
    level -= 1
    if !elements.isEmpty { breakLine() }
    text += close
  }

  private mutating func breakLine() {
    if pretty { text += "\n" + String(repeating: "  ", count: level) }
  }

  /// Escapes what JSON asks for, and the other control characters because texts of peers end up on
  /// terminals.
  private mutating func quote(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
