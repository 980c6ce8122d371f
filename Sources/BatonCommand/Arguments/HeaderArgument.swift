import ArgumentParser
package import Baton
import BatonMessages

/// Metadata as it is typed: `authorization: Bearer abc`; behind a key that ends in `-bin`, base64.
package enum HeaderArgument {
  package static func parse(_ text: String) throws -> Metadata.Entry {
    let parts = text.unicodeScalars.split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw ValidationError(
        "expected KEY: VALUE such as authorization: Bearer abc, got \(text.quoted)")
    }
    let key = lowercased(String(parts[0]))
    let isBinary = key.hasSuffix("-bin")
    guard Metadata.Entry(key, isBinary ? .bytes([]) : .text("")).isAllowed else {
      throw ValidationError(
        "expected a key of 1 to 256 of a-z, 0-9, -, _ and ., got \(key.quoted)")
    }
    let value = trimmed(parts[1])
    if isBinary {
      guard let bytes = Base64.decode(value) else {
        throw ValidationError(
          "\(key): expected base64, as the key ends in -bin, got \(value.quoted)")
      }
      return Metadata.Entry(key, .bytes(bytes))
    }
    let entry = Metadata.Entry(key, .text(value))
    if entry.isAllowed { return entry }
    throw ValidationError(
      "\(key): expected printable ASCII, got \(value.quoted); "
        + "bytes go as base64 behind a key that ends in -bin")
  }

  /// Keys have no capitals, which people write all the same.
  private static func lowercased(_ key: String) -> String {
    let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
    return String(decoding: key.utf8.map { capitals.contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private static func trimmed(_ value: Substring.UnicodeScalarView) -> String {
    var rest = value
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
