internal import CBaton

/// A message's bytes, lent while it is read. Of a large message one field's content may lie apart, in
/// the array that the message that is read will hold.
@frozen
public struct LentMessage {
  /// Without those that lie apart.
  @usableFromInline package let bytes: UnsafeRawBufferPointer
  /// Kept by who lends it.
  @usableFromInline let apart: Unmanaged<FieldApart>?

  /// Bytes in one piece.
  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    apart = nil
  }

  /// With a field that has come in whole; both must live as long as this.
  package init(_ bytes: UnsafeRawBufferPointer, _ apart: FieldApart) {
    self.bytes = bytes
    self.apart = .passUnretained(apart)
  }

  /// Bytes of the whole message.
  public var count: Int { bytes.count + (apart?._withUnsafeGuaranteedRef { $0.count } ?? 0) }

  public var isEmpty: Bool { count == 0 }

  /// The whole message.
  public func copy() -> [UInt8] {
    guard let apart else { return Array(bytes) }
    return apart._withUnsafeGuaranteedRef { apart in
      Array(bytes[..<apart.offset]) + apart.content + bytes[apart.offset...]
    }
  }

  func withApart<Result>(_ body: (UnsafePointer<baton_apart>?) -> Result) -> Result {
    guard let apart else { return body(nil) }
    return apart._withUnsafeGuaranteedRef { $0.withRaw(body) }
  }
}
