/// `google.protobuf.FieldMask` in JSON: paths in lowerCamelCase, commas between them.
enum JSONFieldMask {
  /// Nil when a path is empty or not in lowerCamelCase.
  static func parse(_ text: String) -> [String]? {
    if text.isEmpty { return [] }
    var paths: [String] = []
    for path in text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false) {
      if path.isEmpty { return nil }
      var original = ""
      for character in path {
        switch character {
        case "A"..."Z": original += "_" + String(character).lowercased()
        case "_": return nil
        default: original.unicodeScalars.append(character)
        }
      }
      paths.append(original)
    }
    return paths
  }

  /// Nil when a path would not read back as the same.
  static func format(_ paths: [String]) -> String? {
    var names: [String] = []
    for path in paths {
      if path.isEmpty || path.utf8.contains(UInt8(ascii: ",")) { return nil }
      var name = ""
      var raise = false
      for character in path.unicodeScalars {
        switch (character, raise) {
        case ("_", false): raise = true
        case ("a"..."z", true):
          name += String(character).uppercased()
          raise = false
        case (_, true), ("A"..."Z", false): return nil
        default: name.unicodeScalars.append(character)
        }
      }
      if raise { return nil }
      names.append(name)
    }
    return names.joined(separator: ",")
  }
}
