/// A method's full name, and its number on the wire: the 64-bit FNV-1a hash of that.
@usableFromInline
package struct MethodIdentity: Sendable {
  @usableFromInline let name: String
  package let number: UInt64

  /// `name` is `files.v1.FileBroker/Open`.
  package init(_ name: String) {
    var hash: UInt64 = 14_695_981_039_346_656_037
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    self.name = name
    number = hash
  }
}
