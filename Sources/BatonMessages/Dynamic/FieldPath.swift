/// Where a value lies in a message: `files[1].content`, `by_name["a.b"].size`, `by_number[7]`.
///
/// Names are the schema's or JSON's. What stands in brackets is an element's place, counted from
/// zero, or a map's key; a key that is a string may be quoted, with `\` before a quote or another
/// `\` in it, and must be where it holds a `]`.
public struct FieldPath: Sendable, Hashable {
  enum Step: Sendable, Hashable {
    case field(String)
    case bare(String)
    case quoted(String)
  }
  private(set) var steps: [Step] = []

  init() {}

  /// Throws when `text` is not a path; whether it fits a message shows when it is used.
  public init(_ text: String) throws(CodecError) {
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.first == "[" {
        if steps.isEmpty { break }
        guard let step = Self.subscripted(&rest) else { break }
        steps.append(step)
        continue
      }
      if !steps.isEmpty {
        guard rest.first == "." else { break }
        rest.removeFirst()
      }
      let name = rest.prefix { $0 != "." && $0 != "[" }
      if name.isEmpty { break }
      steps.append(.field(String(name)))
      rest = rest.dropFirst(name.count)
    }
    if steps.isEmpty || !rest.isEmpty || text.hasSuffix(".") {
      throw CodecError(.schema, "expected a path like files[1].content, got \"\(text)\"")
    }
  }

  /// Takes `[…]` from the front; nil when it does not end.
  private static func subscripted(_ rest: inout Substring) -> Step? {
    var text = rest.dropFirst()
    guard text.first == "\"" else {
      guard let end = text.firstIndex(of: "]"), end != text.startIndex else { return nil }
      rest = text[text.index(after: end)...]
      return .bare(String(text[..<end]))
    }
    text.removeFirst()
    var key = ""
    while let character = text.popFirst() {
      if character == "\"" {
        guard text.popFirst() == "]" else { return nil }
        rest = text
        return .quoted(key)
      }
      guard let literal = character == "\\" ? text.popFirst() : character else { return nil }
      key.append(literal)
    }
    return nil
  }

  mutating func append(_ step: Step) { steps.append(step) }
  mutating func removeLast() { steps.removeLast() }
}

extension FieldPath: CustomStringConvertible {
  public var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .field(let name): text += text.isEmpty ? name : ".\(name)"
      case .bare(let element): text += "[\(element)]"
      case .quoted(let key):
        let escaped = key.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        text += "[\"\(String(escaped))\"]"
      }
    }
    return text
  }
}

extension FieldPath.Step {
  init(_ index: Int) { self = .bare("\(index)") }
  init(_ key: DynamicMapKey) {
    if case .string(let text) = key { self = .quoted(text) } else { self = .bare("\(key)") }
  }
}
