extension Unicode.Scalar {
  /// Whether a terminal may take the scalar for a command: C0, DEL and C1 (ECMA-48).
  package var isControl: Bool { properties.generalCategory == .control }
}

extension String {
  /// One line that is safe to show on a terminal: control characters but tabs as U+FFFD.
  var visible: String {
    if !unicodeScalars.contains(where: \.isControl) { return self }
    var result = ""
    for scalar in unicodeScalars {
      result.unicodeScalars.append(scalar.isControl && scalar != "\t" ? "\u{FFFD}" : scalar)
    }
    return result
  }
}
