/// A string that equals another where their bytes are the same, as protobuf compares them.
///
/// Swift's own equality and hash normalise: they take different texts for one, and a time that grows
/// with the square of a run of combining marks, of which a peer may send millions.
package struct ExactString: Hashable {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package static func == (one: ExactString, other: ExactString) -> Bool {
    one.text.isExactly(other.text)
  }
  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether the bytes are the same (``ExactString``).
  func isExactly(_ other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
