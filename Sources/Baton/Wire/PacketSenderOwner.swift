/// What the sending half of a channel tells its other half, on the loop's thread.
protocol PacketSenderOwner: LoopSource {
  /// A frame of this call could not leave.
  func couldNotSend(_ call: UInt32, _ error: RPCError)
  /// Nothing can leave any more.
  func sendingFailed(_ error: ConnectionError)
  /// Whether to be told (``writable()``) when the socket has room.
  func awaitsRoom(_ waits: Bool)
}
