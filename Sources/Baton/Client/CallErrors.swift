import BatonMessages
import SystemPackage

extension RPCError {
  /// A message that could not be read: what broke the schema's contract is an invalid argument.
  init(reading error: CodecError, _ what: String) {
    let code: Code =
      switch error.kind {
      case .descriptor: .invalidArgument
      case .limit: .resourceExhausted
      default: .internal
      }
    self.init(code, "\(what) is invalid: \(error)")
  }

  /// A message that could not be written.
  init(writing error: CodecError, _ what: String) {
    self.init(
      error.kind == .limit ? .resourceExhausted : .invalidArgument, "\(what) is invalid: \(error)")
  }

  /// A frame that the channel did not take.
  init(_ refusal: Channel.Refusal, _ lost: ConnectionError?) {
    switch refusal {
    case .ended:
      self.init(
        .unavailable, (lost ?? ConnectionError(.closed, "the connection is closed")).description)
    case .leaving:
      self.init(.unavailable, "the connection is closed: this end makes no more calls over it")
    case .tooLarge(let size, let most):
      self.init(
        .resourceExhausted,
        "expected a message of at most \(most) bytes, as the peer takes; got \(size)")
    case .tooManyDescriptors(let count, let most, let path):
      self.init(
        .resourceExhausted,
        (path.map { "\($0): " } ?? "")
          + "expected at most \(most) descriptors in one message, as the peer takes; got \(count)")
    case .peerDoesNotRead:
      self.init(.resourceExhausted, "the peer does not read: too many bytes wait to be sent")
    }
  }

  /// The status that ended a call, if it is not OK.
  init?(_ status: WireStatus) throws(ProtocolError) {
    if status.code == 0 { return nil }
    self.init(
      Code(rawValue: status.code), status.message, origin: .peer, details: status.details,
      trailers: try Metadata(status.trailers))
  }

  /// The same of a call whose request has left so far: what has not left whole was not begun.
  func after(_ departure: Departure) -> RPCError {
    var error = self
    if departure != .whole { error.wasNotBegun = true }
    error.mayHaveLeft = departure != .notAtAll
    return error
  }

  /// The same, where the peer knows a method by its number alone, of which it has none: with the
  /// method's name.
  func naming(_ method: MethodIdentity) -> RPCError {
    guard code == .unimplemented, message.holds(bytesOf: "\(method.number)") else { return self }
    var named = self
    named.message = "\(method.name): \(message)"
    return named
  }

  /// A call that succeeded without its reply having been read, which does not happen.
  @usableFromInline
  static let unread = RPCError(.internal, "the reply was not read")
}

extension RPCError {
  /// A packet that the kernel would not take, however often it was tried: it bounds the descriptors
  /// that a user has in flight over all processes (unix(7), ETOOMANYREFS), and memory. Or one with a
  /// descriptor that it does not pass on.
  init(unsent errno: Errno) {
    switch errno {
    case .tooManyReferences:
      self.init(.resourceExhausted, "the kernel takes no more descriptors in flight: \(errno)")
    case .noBufferSpace, .noMemory:
      self.init(.resourceExhausted, "the kernel has no memory for the packet: \(errno)")
    default:
      self.init(
        .invalidArgument, "the kernel does not pass on the message's descriptors: \(errno)")
    }
  }
}

extension Errno {
  /// Whether sendmsg(2) fails with this where it does not pass on a packet's descriptors, which are
  /// those of its last frame.
  var isAboutDescriptors: Bool {
    self == .badFileDescriptor || self == .invalidArgument || self == .notPermitted
  }
}

extension WireGoodbye {
  /// What an end says that found a fault. It does not say what calls it has begun.
  init(violation error: ProtocolError) {
    self.init(status: WireStatus(code: RPCError.Code.internal.rawValue, message: error.fault))
  }
}

extension ConnectionError {
  /// Why a server took leave that said so.
  init(goodbye status: WireStatus) {
    self.init(
      status.code == 0 ? .closed : .refused(RPCError.Code(rawValue: status.code)),
      status.message.isEmpty ? "the server is shutting down" : status.message)
  }
}

extension WireStatus {
  /// Code points of a message that are sent: a head has at most 65,536 bytes.
  private static let longestMessage = 4096
  /// Bytes of details and trailers together.
  private static let mostBytes = 40_000

  /// What the peer is told of an error. Details that do not fit are left out, the last first, and
  /// trailers when they do not.
  init(_ error: RPCError, trailers: Metadata = Metadata()) {
    self.init(
      code: error.code.rawValue,
      message: String(
        String.UnicodeScalarView(error.message.unicodeScalars.prefix(Self.longestMessage))))
    add(error.trailers.isEmpty ? trailers : error.trailers)
    var left = Self.mostBytes - self.trailers.reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
    for detail in error.details {
      left -= detail.typeUrl.utf8.count + detail.value.count + 16
      if left < 0 { break }
      details.append(detail)
    }
  }

  /// A call that succeeded.
  init(trailers: Metadata) {
    self.init()
    add(trailers)
  }

  private mutating func add(_ metadata: Metadata) {
    guard let wire = try? metadata.wire(),
      wire.reduce(0, { $0 + $1.key.utf8.count + $1.value.count + 16 }) <= Self.mostBytes
    else { return }
    trailers = wire
  }
}

extension String {
  /// Whether a text is in it. By bytes: to compare characters of many marks, which a peer may send,
  /// takes a time that is quadratic.
  fileprivate func holds(bytesOf text: String) -> Bool {
    var rest = utf8[...]
    while !rest.isEmpty {
      if rest.starts(with: text.utf8) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
