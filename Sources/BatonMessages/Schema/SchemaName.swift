/// What the protobuf language takes as names. A peer's schema is shown on terminals, so nothing
/// else passes.
enum SchemaName {
  /// Bytes of a name, full or not. Every type carries its own, and every value that is printed those of
  /// its fields, so long ones would multiply.
  static let longest = 1024

  static func isIdentifier(_ name: some StringProtocol) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isDigit($0) || isLetter($0) }
  }

  /// Of a field, a oneof or an enumeration's value, which has no full name whose length is looked at.
  static func isMember(_ name: String) -> Bool { name.utf8.count <= longest && isIdentifier(name) }

  static func isPackage(_ name: String) -> Bool {
    name.isEmpty
      || name.utf8.count <= longest
        && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isIdentifier)
  }

  static func isFile(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= longest
      && name.unicodeScalars.allSatisfy(\.isShown)
  }

  static func isJSON(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= longest
      && name.unicodeScalars.allSatisfy(\.isShown)
  }

  /// How a field is named in JSON unless the schema says otherwise.
  static func json(_ name: String) -> String {
    var result = ""
    var raise = false
    for character in name.unicodeScalars {
      if character == "_" {
        raise = true
      } else {
        let text = String(character)
        result += raise ? text.uppercased() : text
        raise = false
      }
    }
    return result
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
  private static func isLetter(_ byte: UInt8) -> Bool {
    0x41...0x5a ~= byte || 0x61...0x7a ~= byte || byte == 0x5f
  }
}
