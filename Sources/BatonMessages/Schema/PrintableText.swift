extension String {
  /// Characters of a text that errors repeat: enough to know it by.
  private static let mostShown = 200

  /// The text in quotes for errors, of a long one the beginning; `\u{…}` stands for everything that a
  /// terminal would not just show, as texts of peers end up in errors.
  package var quoted: String {
    let shown = unicodeScalars.prefix(Self.mostShown)
    let isWhole = shown.endIndex == unicodeScalars.endIndex
    return Self(shown).quotedWhole + (isWhole ? "" : "…")
  }

  /// The beginning of a long text, for errors.
  package var shortened: String {
    let shown = unicodeScalars.prefix(Self.mostShown)
    return shown.endIndex == unicodeScalars.endIndex ? self : Self(shown) + "…"
  }

  /// The same as ``quoted`` however long the text is, for what is read again.
  var quotedWhole: String {
    var text = "\""
    for scalar in unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        text += "\\"
        text.unicodeScalars.append(scalar)
      } else if scalar.isShown {
        text.unicodeScalars.append(scalar)
      } else {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return text + "\""
  }
}

extension Unicode.Scalar {
  /// Whether the character leaves a mark or a space and nothing else.
  var isShown: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }
}
