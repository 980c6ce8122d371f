import BatonMessages

// What comes about the calls of this end.
extension ClientCore {
  /// A frame about one of this end's calls.
  func received(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    switch frame.header.kind {
    case .message: try receivedMessage(frame, &descriptors, flaw)
    case .status:
      let status: WireStatus = try Channel.decode(frame.head)
      guard let call = take(number) else { return }
      try settle(call, status)
    case .metadata:
      let head: WireMetadata = try Channel.decode(frame.head)
      let metadata = try Metadata(head.entries)
      guard let call = find(number), !call.hasHeard else { return }
      call.hasHeard = true
      call.info?.set(metadata: metadata)
    case .credit:
      let credit: WireCredit = try Channel.decode(frame.head)
      find(number)?.outgoing?.add(StreamCredit(credit))
    default:
      throw ProtocolError(
        "a frame of kind \(frame.header.kind.rawValue) from the end that answers the call")
    }
  }

  private func receivedMessage(
    _ frame: Frame, _ descriptors: inout ReceivedDescriptors, _ flaw: MessageFlaw?
  ) throws(ProtocolError) {
    let number = frame.header.call
    let isLast = frame.header.isLast
    guard let call = isLast ? take(number) : find(number) else { return }
    call.hasHeard = true
    let failure: RPCError?
    if let flaw {
      failure = RPCError(flaw)
    } else {
      failure = try call.receive(frame.message, &descriptors, limits, isLast: isLast)
    }
    if isLast {
      call.end(failure)
    } else if let failure {
      giveUp(number, failure)
    }
  }

  private func settle(_ call: PendingCall, _ status: WireStatus) throws(ProtocolError) {
    let error: RPCError?
    do throws(ProtocolError) {
      error = try RPCError(status)
      if !status.trailers.isEmpty { call.info?.set(trailers: try Metadata(status.trailers)) }
    } catch {
      call.end(RPCError(.internal, error.fault))
      throw error
    }
    if error == nil, let unary = call as? UnaryCall {
      call.end(unary.settle(limits))
    } else {
      call.end(error)
    }
  }
}
