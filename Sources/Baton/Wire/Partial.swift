package import BatonMessages
internal import CBaton

/// A message's bytes and descriptors, gathered.
///
/// Sendable because one end of a connection at a time holds it.
package final class Partial: @unchecked Sendable {
  var call: UInt32 = 0
  /// The call whose fragment came behind the last one of this.
  var successor: UInt32 = 0
  /// The bytes that do not belong to `field`.
  private var memory: UnsafeMutableRawPointer?
  private(set) var capacity = 0
  private var written = 0
  /// The long field that the message began with, if it did.
  private(set) var field: FieldApart?
  var descriptors = ReceivedDescriptors()
  /// Bytes that came, kept or not.
  var announced: UInt64 = 0
  /// Why the message is not kept.
  package var flaw: MessageFlaw?

  /// Larger memory is not kept for the next message.
  static let kept = 4 << 20

  deinit { baton_memory_free(memory) }

  /// Bytes that are kept.
  var count: Int { written + (field?.filled ?? 0) }
  /// Bytes that are kept or that there is memory for already.
  var size: Int { written + (field?.count ?? 0) }

  /// How much ``size`` grows with so many bytes more.
  func growth(by count: Int) -> Int {
    guard let field else { return count }
    return count - min(max(count - missingBefore(field), 0), field.room.count)
  }

  /// Bytes in front of the field that have not come.
  private func missingBefore(_ field: FieldApart) -> Int { max(field.offset - written, 0) }

  /// Counts what of a frame was received in place, or makes memory for a long field, of at most
  /// `most` bytes, that the message begins with, or takes `spare`. How much ``size`` has grown.
  func prepare(for frame: Frame, most: Int, spare: SpareBytes?) -> Int {
    field?.fill(frame.inPlace)
    if size > 0 { return 0 }
    field = FieldApart(frame.message.bytes, most: max(most, 0), spare: spare)
    return field?.count ?? 0
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let field else { return write(bytes) }
    let before = bytes.prefix(missingBefore(field))
    write(UnsafeRawBufferPointer(rebasing: before))
    let rest = UnsafeRawBufferPointer(rebasing: bytes[before.endIndex...])
    let taken = field.append(rest)
    write(UnsafeRawBufferPointer(rebasing: rest[taken...]))
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(written + bytes.count)
    // Reserved just now, so there is memory.
    (memory! + written).copyMemory(from: start, byteCount: bytes.count)
    written += bytes.count
  }

  private func reserve(_ wanted: Int) {
    if wanted <= capacity { return }
    let grown = max(wanted, 2 * capacity, field == nil ? 512 * 1024 : 4096)
    // What is as large as this moves to another place without being copied. What a peer sends is
    // bounded before (Reassembly), so this fails only where the process has no memory left, which
    // ends it in Swift's own allocations, too.
    guard let larger = baton_memory_grow(memory, grown) else {
      fatalError("out of memory while receiving a message")
    }
    memory = larger
    capacity = grown
  }

  /// The message, of which the last piece has come; valid until it is given back.
  package var message: LentMessage {
    // Where the message ended inside the field, the codec tells so.
    if let field, !field.isWhole {
      self.field = nil
      field.content.withUnsafeBytes { write($0) }
    }
    let bytes = UnsafeRawBufferPointer(start: memory, count: written)
    return field.map { LentMessage(bytes, $0) } ?? LentMessage(bytes)
  }

  /// Lets go of what was kept; closes the descriptors.
  func empty() {
    baton_memory_free(memory)
    memory = nil
    capacity = 0
    written = 0
    field = nil
    descriptors = ReceivedDescriptors()
  }

  func reset() {
    written = 0
    field = nil
    descriptors = ReceivedDescriptors()
    announced = 0
    successor = 0
    flaw = nil
  }
}
