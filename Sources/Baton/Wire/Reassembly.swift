import BatonMessages
internal import CBaton

/// Messages that come in fragments, as far as they have come.
struct Reassembly: ~Copyable {
  /// Bytes of one message.
  var largestMessage: Int
  /// Descriptors of one message.
  var mostDescriptors: Int
  private var partials: [UInt32: Partial] = [:]
  /// Bytes of all of them.
  private var total = 0
  private var spare: Partial?

  /// So many messages may be under way at once, and so many times the largest in bytes.
  private static let mostPartials = 1024
  private static let mostLargest = 2

  init(largestMessage: Int, mostDescriptors: Int) {
    self.largestMessage = largestMessage
    self.mostDescriptors = mostDescriptors
  }

  var isEmpty: Bool { partials.isEmpty }

  /// Adds a FRAGMENT. What is too much is dropped, and found when the message's last piece comes.
  mutating func add(
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
      partials[call] = partial
    }
    guard frame.header.method == partial.announced else {
      throw ProtocolError(
        "expected the fragment at byte \(partial.announced) of call \(call), got \(frame.header.method)"
      )
    }
    partial.announced += UInt64(frame.message.count)
    if lost { partial.flaw = .descriptorsLost(frame.header.descriptors, descriptors.count) }
    append(frame.message, &descriptors, to: partial)
  }

  private mutating func append(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors, to partial: Partial
  ) {
    if partial.count + bytes.count > largestMessage {
      partial.flaw = .tooLarge(most: largestMessage)
    } else if total + bytes.count > Self.mostLargest * largestMessage {
      partial.flaw = .tooMuch
    } else if partial.descriptors.count + descriptors.count > mostDescriptors {
      partial.flaw = .tooManyDescriptors(most: mostDescriptors)
    }
    if partial.flaw != nil {
      total -= partial.count
      partial.empty()
      return
    }
    total += bytes.count
    partial.append(bytes)
    partial.descriptors.adopt(&descriptors)
  }

  /// Takes the message whose last piece is `frame` out, with that piece, if it came in fragments.
  mutating func take(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, lost: Bool
  ) -> Partial? {
    guard let partial = partials.removeValue(forKey: frame.header.call) else { return nil }
    if lost { partial.flaw = .descriptorsLost(frame.header.descriptors, descriptors.count) }
    append(frame.message, &descriptors, to: partial)
    total -= partial.count
    return partial
  }

  /// Gives the memory of a message back that was taken out.
  mutating func recycle(_ partial: Partial) {
    partial.reset()
    if spare == nil && partial.capacity <= Partial.kept { spare = partial }
  }

  /// Forgets everything: nothing more comes.
  mutating func dropAll() {
    partials = [:]
    total = 0
  }

  /// Forgets what came of a call's message, whose rest does not come.
  mutating func drop(_ call: UInt32) {
    guard let partial = partials.removeValue(forKey: call) else { return }
    total -= partial.count
  }
}

/// A message's bytes and descriptors, gathered.
///
/// Sendable because one end of a connection at a time holds it.
final class Partial: @unchecked Sendable {
  private var memory: UnsafeMutableRawPointer?
  private(set) var capacity = 0
  private(set) var count = 0
  var descriptors = ReceivedDescriptors()
  /// Bytes that came, kept or not.
  fileprivate(set) var announced: UInt64 = 0
  /// Why the message is not kept.
  fileprivate(set) var flaw: MessageFlaw?

  /// Larger memory is not kept for the next message.
  fileprivate static let kept = 4 << 20

  deinit { baton_memory_free(memory) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  fileprivate func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(count + bytes.count)
    // Reserved just now, so there is memory.
    (memory! + count).copyMemory(from: start, byteCount: bytes.count)
    count += bytes.count
  }

  private func reserve(_ wanted: Int) {
    if wanted <= capacity { return }
    let grown = max(wanted, 2 * capacity, 512 * 1024)
    // What is as large as this moves to another place without being copied.
    guard let larger = baton_memory_grow(memory, grown) else {
      fatalError("out of memory while receiving a message")
    }
    memory = larger
    capacity = grown
  }

  /// Lets go of what was kept; closes the descriptors.
  fileprivate func empty() {
    baton_memory_free(memory)
    memory = nil
    capacity = 0
    count = 0
    descriptors = ReceivedDescriptors()
  }

  fileprivate func reset() {
    count = 0
    descriptors = ReceivedDescriptors()
    announced = 0
    flaw = nil
  }
}

/// Why a message that came cannot be handed on, though the connection goes on.
enum MessageFlaw {
  /// Some were lost on the way.
  case descriptorsLost(_ sent: Int, _ arrived: Int)
  case tooLarge(most: Int)
  /// Too many large messages at once.
  case tooMuch
  case tooManyDescriptors(most: Int)
}

extension RPCError {
  init(_ flaw: MessageFlaw) {
    let text =
      switch flaw {
      case .descriptorsLost(let sent, let arrived):
        "expected \(sent) descriptors, got \(arrived): this process may have too many open files (RLIMIT_NOFILE)"
      case .tooLarge(let most): "expected a message of at most \(most) bytes, got more"
      case .tooMuch: "too many large messages are under way at once"
      case .tooManyDescriptors(let most): "expected at most \(most) descriptors, got more"
      }
    self.init(.resourceExhausted, text)
  }
}
