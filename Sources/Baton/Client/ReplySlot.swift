import BatonMessages

/// Where a reply is put that is taken as it came: what is not copyable cannot be captured, nor lie in
/// an array.
///
/// Sendable because it is filled before anybody else knows of it, and taken once.
final class ReplySlot: @unchecked Sendable {
  private var bytes: [UInt8] = []
  private var descriptors = ReceivedDescriptors()

  func put(_ message: LentMessage, _ descriptors: inout ReceivedDescriptors) {
    bytes = message.copy()
    swap(&self.descriptors, &descriptors)
  }

  func take() -> Reply {
    var taken = ReceivedDescriptors()
    swap(&taken, &descriptors)
    return Reply(bytes: bytes, descriptors: taken)
  }
}
