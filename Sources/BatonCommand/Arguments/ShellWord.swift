/// A word as it stands on a shell's command line.
package enum ShellWord {
  /// What the shell makes of the word's quotes and backslashes. Nothing is expanded; a quote that does
  /// not end yet ends with the word.
  package static func unquoted(_ word: String) -> String {
    var text = String.UnicodeScalarView()
    var quote: Unicode.Scalar?
    var rest = word.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == quote {
        quote = nil
      } else if quote == nil && (scalar == "'" || scalar == "\"") {
        quote = scalar
      } else if scalar == "\\" && isEscape(before: rest.first, in: quote) {
        if let next = rest.popFirst() { text.append(next) }
      } else {
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// Whether a backslash counts that stands before `next`.
  private static func isEscape(before next: Unicode.Scalar?, in quote: Unicode.Scalar?) -> Bool {
    switch quote {
    case nil: true
    case "\""?: next.map { "$`\"\\".unicodeScalars.contains($0) } ?? false
    default: false
    }
  }
}
