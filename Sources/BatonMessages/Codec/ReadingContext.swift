/// What the readers of one message and of those inside it share.
@usableFromInline
struct ReadingContext {
  let descriptors: UnsafeMutablePointer<ReceivedDescriptors>
  var sawUnknown = false

  @usableFromInline
  init(_ descriptors: UnsafeMutablePointer<ReceivedDescriptors>) {
    self.descriptors = descriptors
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
