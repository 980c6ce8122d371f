/// Where a value lies in a message: `files[1].content`, `by_name["a.b"].size`, `by_number[7]`.
///
/// Names are the schema's or JSON's. What stands in brackets is an element's place, counted from
/// zero, or a map's key. A key that is a string may be quoted, with `\"`, `\\` and `\u{1f}` in it, and
/// must be where it holds a `]`. Names and keys are compared by their bytes.
public struct FieldPath: Sendable, Hashable {
  enum Step: Sendable {
    case field(String)
    case bare(String)
    case quoted(String)
  }
  private(set) var steps: [Step] = []

  init() {}

  /// Throws when `text` is not a path; whether it fits a message shows when it is used.
  public init(_ text: String) throws(CodecError) {
    // By scalars: a quote and an accent behind it are two of them, but one Character.
    var rest = text.unicodeScalars[...]
    while let step = Self.step(&rest, isFirst: steps.isEmpty) { steps.append(step) }
    if steps.isEmpty || !rest.isEmpty {
      throw CodecError(.schema, "expected a path like files[1].content, got \(text.quoted)")
    }
  }

  /// Takes a step from the front; nil when there is none.
  private static func step(_ rest: inout Substring.UnicodeScalarView, isFirst: Bool) -> Step? {
    var text = rest
    if !isFirst {
      if text.first == "[" { return subscripted(&rest) }
      guard text.popFirst() == "." else { return nil }
    }
    let name = text.prefix { $0 != "." && $0 != "[" }
    if name.isEmpty { return nil }
    rest = text[name.endIndex...]
    return .field(String(name))
  }

  /// Takes `[…]` from the front; nil when it does not end.
  private static func subscripted(_ rest: inout Substring.UnicodeScalarView) -> Step? {
    var text = rest.dropFirst()
    guard text.first == "\"" else {
      guard let end = text.firstIndex(of: "]"), end != text.startIndex else { return nil }
      rest = text[text.index(after: end)...]
      return .bare(String(text[..<end]))
    }
    text.removeFirst()
    var key = String.UnicodeScalarView()
    while let scalar = text.popFirst() {
      if scalar == "\"" {
        guard text.popFirst() == "]" else { return nil }
        rest = text
        return .quoted(String(key))
      }
      guard let content = scalar == "\\" ? escaped(&text) : scalar else { return nil }
      key.append(content)
    }
    return nil
  }

  /// What stands behind a `\`.
  private static func escaped(_ text: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
    guard let scalar = text.popFirst() else { return nil }
    if scalar == "\"" || scalar == "\\" { return scalar }
    guard scalar == "u", text.popFirst() == "{", let end = text.firstIndex(of: "}"),
      let number = UInt32(String(text[..<end]), radix: 16), let content = Unicode.Scalar(number)
    else { return nil }
    text = text[text.index(after: end)...]
    return content
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
      case .quoted(let key): text += "[\(key.quotedWhole)]"
      }
    }
    return text
  }
}

extension FieldPath.Step: Hashable {
  static func == (one: FieldPath.Step, other: FieldPath.Step) -> Bool {
    switch (one, other) {
    case (.field(let a), .field(let b)), (.bare(let a), .bare(let b)),
      (.quoted(let a), .quoted(let b)):
      a.isExactly(b)
    default: false
    }
  }

  func hash(into hasher: inout Hasher) {
    switch self {
    case .field(let text), .bare(let text), .quoted(let text):
      ExactString(text).hash(into: &hasher)
    }
  }
}

extension FieldPath.Step {
  init(_ index: Int) { self = .bare("\(index)") }
  init(_ key: DynamicMapKey) {
    if case .string(let text) = key { self = .quoted(text) } else { self = .bare("\(key)") }
  }
}
