public import BatonMessages

/// Where a client writes the requests of a stream.
public struct RequestWriter<Request: Message>: Sendable {
  @usableFromInline let stream: OutgoingStream
  @usableFromInline let tap: MessageTap?

  @usableFromInline
  init(_ stream: OutgoingStream, _ tap: MessageTap? = nil) {
    self.stream = stream
    self.tap = tap
  }

  /// Sends a request; its descriptors are duplicated on the way, and stay the caller's. Returns when
  /// it is on its way, which may be before the server has it; waits while the server takes none.
  ///
  /// Throws INVALID_ARGUMENT for a message that breaks its schema's contract, which is not sent, and
  /// why the call ended when it has ended.
  @inlinable
  nonisolated(nonsending) public func write(_ request: Request) async throws(RPCError) {
    if let tap {
      let request = try tap.pass(request)
      return try await stream.send { (send) throws(CodecError) in try request.packed(send) }
    }
    try await stream.send { (send) throws(CodecError) in try request.packed(send) }
  }

  /// Tells the server that no more requests come. Done at the end of the closure that got the
  /// writer; earlier, where the server waits for it.
  public func finish() {
    stream.finish()
  }
}
