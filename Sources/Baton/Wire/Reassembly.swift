package import BatonMessages

/// Messages that come in fragments, as far as they have come.
package struct Reassembly: ~Copyable {
  /// Bytes of one message.
  var largestMessage: Int
  /// Descriptors of one message.
  var mostDescriptors: Int
  private var partials: [UInt32: Partial] = [:]
  /// Bytes that all of them take.
  package private(set) var reserved = 0
  /// Descriptors that all of them hold.
  private var descriptors = 0
  private var spare: Partial?
  private let spareBytes: SpareBytes?
  /// The one whose fragment came last, and the one whose fragment is likely to come next.
  private var last: Partial?
  private var likely: Partial?

  /// So many messages may be under way at once, and so many times the bytes of the largest and the
  /// descriptors of the one with most.
  private static let mostPartials = 1024
  private static let mostLargest = 2

  /// The memory of very long fields is kept in `spareBytes` for the next of them.
  package init(largestMessage: Int, mostDescriptors: Int, spareBytes: SpareBytes? = nil) {
    self.largestMessage = largestMessage
    self.mostDescriptors = mostDescriptors
    self.spareBytes = spareBytes
  }

  var isEmpty: Bool { partials.isEmpty }

  /// What is wrong with a message that came in one frame, with so many descriptors, of which some were
  /// `lost` on the way.
  func flaw(of frame: Frame, arrived: Int, lost: Bool) -> MessageFlaw? {
    let sent = frame.header.descriptors
    if lost { return .descriptorsLost(sent, arrived) }
    return sent > mostDescriptors ? .tooManyDescriptors(most: mostDescriptors) : nil
  }

  /// Whether a part has come of a message of a call that is so.
  func contains(_ isSo: (UInt32) -> Bool) -> Bool {
    !partials.isEmpty && partials.keys.contains(where: isSo)
  }

  /// Adds a FRAGMENT. What is too much is dropped, and found when the message's last piece comes.
  package mutating func add(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) throws(ProtocolError) {
    let call = frame.header.call
    let partial: Partial
    if let known = partials[call] {
      partial = known
    } else {
      if partials.count == Self.mostPartials {
        throw ProtocolError("more than \(Self.mostPartials) messages in fragments at once")
      }
      partial = spare ?? Partial()
      spare = nil
      partial.call = call
      partials[call] = partial
    }
    guard frame.header.method == partial.announced else {
      throw ProtocolError(
        "expected the fragment at byte \(partial.announced) of call \(call), got \(frame.header.method)"
      )
    }
    partial.announced += UInt64(frame.messageSize)
    if lost { partial.flaw = .descriptorsLost(frame.header.descriptors, descriptors.count) }
    append(frame, &descriptors, to: partial)
    foresee(behind: partial)
  }

  /// Messages that leave in turn come in turn.
  private mutating func foresee(behind partial: Partial) {
    last?.successor = partial.call
    last = partial
    likely = partials[partial.successor] ?? partial
  }

  private mutating func append(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, to partial: Partial
  ) {
    let bytes = frame.message.bytes
    let most = Self.mostLargest * largestMessage
    let files = descriptors.count
    if partial.flaw == nil {
      let room = min(largestMessage, most - reserved) - bytes.count
      reserved += partial.prepare(for: frame, most: room, spare: spareBytes)
    }
    if partial.count + bytes.count > largestMessage {
      partial.flaw = .tooLarge(most: largestMessage)
    } else if reserved + partial.growth(by: bytes.count) > most {
      partial.flaw = .tooMuch
    } else if partial.descriptors.count + files > mostDescriptors {
      partial.flaw = .tooManyDescriptors(most: mostDescriptors)
    } else if self.descriptors + files > Self.mostLargest * mostDescriptors {
      partial.flaw = .tooMuch
    }
    if partial.flaw != nil {
      release(partial)
      partial.empty()
      return
    }
    self.descriptors += files
    reserved += partial.growth(by: bytes.count)
    partial.append(bytes)
    partial.descriptors.adopt(&descriptors)
  }

  /// Takes the message whose last piece is `frame` out, with that piece, if it came in fragments.
  package mutating func take(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) -> Partial? {
    guard let partial = partials.removeValue(forKey: frame.header.call) else { return nil }
    if lost { partial.flaw = .descriptorsLost(frame.header.descriptors, descriptors.count) }
    append(frame, &descriptors, to: partial)
    forget(partial)
    return partial
  }

  /// Gives the memory of a message back that was taken out.
  package mutating func recycle(_ partial: Partial) {
    if let spareBytes, let array = partial.field?.whole { spareBytes.keep(array) }
    partial.reset()
    if spare == nil && partial.capacity <= Partial.kept { spare = partial }
  }

  /// Forgets everything: nothing more comes.
  mutating func dropAll() {
    partials = [:]
    reserved = 0
    descriptors = 0
    last = nil
    likely = nil
  }

  /// Forgets what came of a call's message, whose rest does not come.
  package mutating func drop(_ call: UInt32) {
    guard let partial = partials.removeValue(forKey: call) else { return }
    forget(partial)
  }

  private mutating func release(_ partial: Partial) {
    reserved -= partial.size
    descriptors -= partial.descriptors.count
  }

  private mutating func forget(_ partial: Partial) {
    release(partial)
    last = nil
    likely = nil
  }

  // MARK: Receiving in place

  /// Where the message in the packet that comes next belongs behind its header, if that is what is
  /// likely: a piece of a message whose long field has not come in whole.
  package var guess: UnsafeMutableRawBufferPointer? {
    guard let field = likely?.field, !field.isWhole else { return nil }
    let most = LoopCore.receiveCapacity - FrameHeader.byteCount
    return UnsafeMutableRawBufferPointer(rebasing: field.room.prefix(most))
  }

  /// How many bytes behind the first header of a packet of `size` bytes were rightly received at
  /// `guess`. If it was wrong, moves them to where the rest of the packet is.
  package func check(
    _ guess: UnsafeMutableRawBufferPointer, _ packet: UnsafeMutableRawBufferPointer, _ size: Int
  ) -> Int {
    let count = min(size - FrameHeader.byteCount, guess.count)
    guard count > 0, let start = packet.baseAddress, let source = guess.baseAddress else {
      return 0
    }
    if isLikely(UnsafeRawPointer(start), size, count, guess.count) { return count }
    (start + FrameHeader.byteCount).copyMemory(from: source, byteCount: count)
    return 0
  }

  /// Whether the packet begins with the frame that was likely, and `count` bytes of it, of at most
  /// `most`, are of the message.
  private func isLikely(_ start: UnsafeRawPointer, _ size: Int, _ count: Int, _ most: Int) -> Bool {
    guard let likely, let header = try? FrameHeader(reading: start),
      header.call == likely.call, header.head == 0
    else { return false }
    let isNext =
      switch header.kind {
      case .fragment: header.method == likely.announced
      case .request, .message: true
      default: false
      }
    let isAlone = header.size == count && size == FrameHeader.byteCount + count
    return isNext && (isAlone || (count == most && header.size > count))
  }
}
