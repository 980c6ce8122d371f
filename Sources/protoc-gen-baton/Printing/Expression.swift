/// A Swift expression that may be broken over lines: a call, or text without arguments. A
/// parameter whose type is a function is one too.
struct Expression {
  let head: String
  let arguments: [Expression]
  /// What follows the arguments.
  let tail: String

  init(_ text: String) {
    head = text
    arguments = []
    tail = ""
  }

  init(call head: String, _ arguments: [Expression], _ tail: String = "") {
    self.head = head
    self.arguments = arguments
    self.tail = tail
  }

  /// The arguments on one line.
  var list: String { arguments.map(\.text).joined(separator: ", ") }

  /// On one line.
  var text: String {
    arguments.isEmpty ? head : "\(head)(\(list))\(tail)"
  }
}

extension Expression: ExpressibleByStringInterpolation {
  init(stringLiteral text: String) {
    self.init(text)
  }
}
