internal import CBaton

/// A large message packed in pieces, of which long fields are not copied: they lie in the arrays and
/// strings that the message holds, which this keeps.
///
/// Sendable because nothing of it changes.
package final class MessageSegments: @unchecked Sendable {
  private var raw: baton_segments
  private let keeper: AnyObject?

  /// A message of at least this many bytes is worth it, and so is a field.
  @inlinable package static var worthwhile: Int { 32 * 1024 }

  init(_ raw: baton_segments, _ keeper: AnyObject?) {
    self.raw = raw
    self.keeper = keeper
  }

  deinit { baton_segments_free(&raw) }

  /// The pieces, which follow each other; valid as long as this lives.
  package var pieces: [UnsafeRawBufferPointer] {
    UnsafeBufferPointer(start: raw.list, count: raw.count).map {
      UnsafeRawBufferPointer(start: $0.bytes, count: $0.size)
    }
  }
}

extension PackedMessage {
  /// The message in pieces.
  package func segments() -> MessageSegments {
    var raw = baton_segments()
    let lent = context.pointee.lentStarts(atLeast: MessageSegments.worthwhile)
    guard baton_pack_segments(message, MessageSegments.worthwhile, lent, lent.count, &raw) else {
      WritingContext.outOfMemory()
    }
    return MessageSegments(raw, context.pointee.keeper)
  }
}
