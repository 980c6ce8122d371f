internal import CBaton

/// The content of a long field of a large message, received into the array that the message that is
/// read will hold, so that it is copied once: by the kernel.
///
/// Sendable because one end of a connection at a time holds it.
@usableFromInline
package final class FieldApart: @unchecked Sendable {
  private let raw: baton_apart
  private let array: [UInt8]
  /// Where the array's elements lie. Nobody else holds the array until all of them came.
  private let start: UnsafeMutableRawPointer
  /// Bytes that came.
  package private(set) var filled = 0

  /// Shorter content is not worth it.
  @inlinable
  package static var worthwhile: Int { 32 * 1024 }

  /// For the field that the beginning of a message ends in, if there is one and its content, of at
  /// most `most` bytes, is long. Takes `spare` for it if that fits.
  package init?(_ beginning: UnsafeRawBufferPointer, most: Int, spare: SpareBytes? = nil) {
    var raw = baton_apart()
    let bytes = beginning.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard baton_find_cut_field(bytes, beginning.count, &raw),
      raw.size >= Self.worthwhile, raw.size <= most
    else { return nil }
    var array = spare?.take(raw.size) ?? Self.makeArray(raw.size)
    let start = array.withUnsafeMutableBufferPointer { $0.baseAddress }
    self.array = array
    guard let start else { return nil }
    self.start = UnsafeMutableRawPointer(start)
    raw.bytes = UnsafePointer(start)
    self.raw = raw
  }

  private static func makeArray(_ size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      baton_memory_advise(buffer.baseAddress, buffer.count)
      count = size
    }
  }

  /// The array, when all of it has come.
  package var whole: [UInt8]? { isWhole ? array : nil }

  /// Bytes of the content.
  package var count: Int { array.count }
  /// Where in the message it belongs.
  package var offset: Int { raw.at }
  package var isWhole: Bool { filled == count }

  /// Where the bytes belong that come next.
  package var room: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start + filled, count: count - filled)
  }

  /// So many bytes were put into ``room``.
  package func fill(_ size: Int) {
    precondition(size <= count - filled)
    filled += size
  }

  /// Takes as many bytes as belong here. How many that was.
  package func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    let part = bytes.prefix(count - filled)
    if !part.isEmpty { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: part)) }
    filled += part.count
    return part.count
  }

  /// What came of it.
  package var content: ArraySlice<UInt8> { array[..<filled] }

  /// The array, if it is what `lent` says.
  func array(_ lent: LentBytes) -> [UInt8]? {
    lent.count == count && lent.start == raw.bytes ? array : nil
  }

  func withRaw<Result>(_ body: (UnsafePointer<baton_apart>) -> Result) -> Result {
    withUnsafePointer(to: raw, body)
  }
}
