import BatonMessages

extension Channel {
  /// Why a frame was not taken.
  enum Refusal: Error {
    case ended
    /// The frame is a request, and this end makes no more calls.
    case leaving
    case tooLarge(Int, most: Int)
    /// With the field of the first that is too many, where that is known.
    case tooManyDescriptors(Int, most: Int, at: String? = nil)
    case peerDoesNotRead

    /// The same with the field that is too much of the message that was refused.
    func located(in message: borrowing PackedMessage) -> Refusal {
      guard case .tooManyDescriptors(let count, let most, nil) = self else { return self }
      return .tooManyDescriptors(count, most: most, at: message.path(ofDescriptor: most + 1))
    }
  }
}
