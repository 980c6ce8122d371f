import BatonMessages

/// A call whose reply is a message of generated code. The reply is read where it was received.
final class TypedCall<Response: Message>: PendingCall, @unchecked Sendable {
  private var waiter: UnsafeContinuation<Result<Response, RPCError>, Never>?

  /// Called once, before the call is begun.
  func wait(_ waiter: UnsafeContinuation<Result<Response, RPCError>, Never>) {
    self.waiter = waiter
  }

  override func succeed(
    _ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors
  ) {
    do throws(CodecError) {
      finish(.success(try Response(unpacking: message, descriptors: &descriptors)))
    } catch {
      finish(.failure(RPCError(reading: error, "the reply")))
    }
  }

  override func fail(_ error: RPCError) {
    finish(.failure(error))
  }

  private func finish(_ result: Result<Response, RPCError>) {
    waiter?.resume(returning: result)
    waiter = nil
  }
}

/// A call whose reply is taken as bytes and descriptors.
final class RawCall: PendingCall, @unchecked Sendable {
  private var waiter: UnsafeContinuation<Void, Never>?
  /// Set before the waiter is resumed. A continuation cannot carry what is not copyable.
  private(set) var bytes: [UInt8] = []
  private(set) var error: RPCError?
  private var received = ReceivedDescriptors()

  func wait(_ waiter: UnsafeContinuation<Void, Never>) {
    self.waiter = waiter
  }

  /// The reply's descriptors, which are the caller's from now on.
  func takeDescriptors() -> ReceivedDescriptors {
    var taken = ReceivedDescriptors()
    swap(&taken, &received)
    return taken
  }

  override func succeed(
    _ message: UnsafeRawBufferPointer, _ descriptors: inout ReceivedDescriptors
  ) {
    bytes = Array(message)
    swap(&received, &descriptors)
    finish()
  }

  override func fail(_ error: RPCError) {
    self.error = error
    finish()
  }

  private func finish() {
    waiter?.resume()
    waiter = nil
  }
}

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

  static let streamInUnaryCall = RPCError(
    .internal, "expected one reply, got the first message of a stream")
}
