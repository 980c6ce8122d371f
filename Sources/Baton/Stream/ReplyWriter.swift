public import BatonMessages

/// Where a handler writes the replies of a stream, which ends when the handler returns.
public struct ReplyWriter<Reply: Message>: Sendable {
  @usableFromInline let stream: OutgoingStream
  @usableFromInline let tap: MessageTap?

  @usableFromInline
  init(_ stream: OutgoingStream, _ tap: MessageTap? = nil) {
    self.stream = stream
    self.tap = tap
  }

  /// Sends a reply; its descriptors are duplicated on the way, and stay the caller's. Returns when it
  /// is on its way, which may be before the client has it; waits while the client takes none.
  ///
  /// Throws INVALID_ARGUMENT for a message that breaks its schema's contract, which is not sent, and
  /// why the call ended when it has ended: the client cancelled, its deadline passed, it has left.
  @inlinable
  nonisolated(nonsending) public func write(_ reply: Reply) async throws(RPCError) {
    if let tap {
      let reply = try tap.pass(reply)
      return try await stream.send { (send) throws(CodecError) in try reply.packed(send) }
    }
    try await stream.send { (send) throws(CodecError) in try reply.packed(send) }
  }
}
