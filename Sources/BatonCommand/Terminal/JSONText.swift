package import BatonMessages

/// JSON for people: a line for each value, names in colour where the terminal has colours.
package struct JSONText {
  private let terminal: Terminal
  private var output = ""
  private var depth = 0

  package static func pretty(_ value: JSONValue, terminal: Terminal) -> String {
    var text = JSONText(terminal: terminal)
    text.print(value)
    return text.output
  }

  private init(terminal: Terminal) {
    self.terminal = terminal
  }

  private mutating func print(_ value: JSONValue) {
    switch value {
    case .object(let members) where !members.isEmpty:
      lines("{", members, "}") { text, member in
        text.output += text.terminal(.cyan, JSONValue.string(member.name).text()) + ": "
        text.print(member.value)
      }
    case .array(let values) where !values.isEmpty:
      lines("[", values, "]") { text, value in text.print(value) }
    default: output += value.text()
    }
  }

  private mutating func lines<Element>(
    _ open: String, _ elements: [Element], _ close: String,
    _ print: (inout JSONText, Element) -> Void
  ) {
    output += open
    depth += 1
    for (index, element) in elements.enumerated() {
      if index > 0 { output += "," }
      breakLine()
      print(&self, element)
    }
    depth -= 1
    breakLine()
    output += close
  }

  private mutating func breakLine() {
    output += "\n" + String(repeating: "  ", count: depth)
  }
}
