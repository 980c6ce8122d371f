/// What the readers of one message and of those inside it share.
@usableFromInline
struct ReadingContext {
  let descriptors: UnsafeMutablePointer<ReceivedDescriptors>
  var sawUnknown = false
  /// Kept by who lends the message.
  let apart: Unmanaged<FieldApart>?

  @usableFromInline
  init(
    _ descriptors: UnsafeMutablePointer<ReceivedDescriptors>, _ apart: Unmanaged<FieldApart>?
  ) {
    self.descriptors = descriptors
    self.apart = apart
  }

  /// Throws unless every descriptor found its field.
  @usableFromInline
  func settle() throws(CodecError) {
    let left = descriptors.pointee.unclaimedCount
    if left == 0 || sawUnknown { return }
    throw CodecError(
      .descriptor,
      "\(left) of the \(descriptors.pointee.count) descriptors that came are named by no field")
  }
}
