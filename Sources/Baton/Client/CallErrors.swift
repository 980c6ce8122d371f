import BatonMessages

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
    case .tooLarge(let most):
      self.init(.resourceExhausted, "expected a message of at most \(most) bytes in one packet")
    case .tooManyDescriptors(let count):
      self.init(
        .resourceExhausted,
        "expected at most \(Channel.mostDescriptors) descriptors in one message, got \(count)")
    case .peerDoesNotRead:
      self.init(.resourceExhausted, "the peer does not read: too many bytes wait to be sent")
    }
  }

  /// The status that ended a unary call, which is never OK.
  init(unary status: WireStatus) {
    if status.code == 0 {
      self.init(.internal, "expected a reply or an error, got a status of OK")
    } else {
      self.init(Code(rawValue: status.code), status.message, origin: .peer)
    }
  }

  /// A call that succeeded without its reply having been read, which does not happen.
  @usableFromInline
  static let unread = RPCError(.internal, "the reply was not read")

  static let streamInUnaryCall = RPCError(
    .internal, "expected one reply, got the first message of a stream")
}

extension WireStatus {
  /// Code points of a message that are sent: a head has at most 65,536 bytes.
  private static let longestMessage = 8192

  /// What the peer is told of an error.
  init(_ error: RPCError) {
    self.init(
      code: error.code.rawValue,
      message: String(
        String.UnicodeScalarView(error.message.unicodeScalars.prefix(Self.longestMessage))))
  }
}
