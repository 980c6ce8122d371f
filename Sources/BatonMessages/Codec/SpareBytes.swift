/// The memory of a very long field that was received, for the next of the same length: the kernel
/// clears the pages of new memory, which takes as long as receiving into them.
///
/// It is used again only when nobody else holds the array.
///
/// Sendable because the thread that receives is the only one that touches it.
package final class SpareBytes: @unchecked Sendable {
  /// What the array keeps its elements in: an object that it is the only reference to. Kept as such,
  /// as an array does not tell whether others share it.
  private var storage: AnyObject?

  /// Shorter arrays are not kept: the allocator has their memory at hand.
  package static let worthwhile = 4 << 20

  package init() {}

  package var isEmpty: Bool { storage == nil }

  /// An array of so many bytes, whatever they are, that nobody else holds.
  func take(_ count: Int) -> [UInt8]? {
    guard count >= Self.worthwhile, isKnownUniquelyReferenced(&storage), let kept = storage else {
      return nil
    }
    let array = unsafeBitCast(kept, to: [UInt8].self)
    guard array.count == count else { return nil }
    storage = nil
    return array
  }

  /// Keeps an array of which others may still read.
  package func keep(_ array: [UInt8]) {
    if array.count >= Self.worthwhile { storage = unsafeBitCast(array, to: AnyObject.self) }
  }

  package func drop() { storage = nil }
}
