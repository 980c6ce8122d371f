/// A Swift expression that may be broken over lines: a call, or text without arguments.
struct Expression {
  let head: String
  let arguments: [Expression]

  init(_ text: String) {
    head = text
    arguments = []
  }

  init(call head: String, _ arguments: [Expression]) {
    self.head = head
    self.arguments = arguments
  }

  /// On one line.
  var text: String {
    arguments.isEmpty ? head : "\(head)(\(arguments.map(\.text).joined(separator: ", ")))"
  }
}

extension Expression: ExpressibleByStringInterpolation {
  init(stringLiteral text: String) {
    self.init(text)
  }
}
