import BatonMessages

extension WireRequestHead {
  /// What the head of a request says, which may be empty: the deadline on ``LoopClock``, counted from
  /// now, nil where there is none, and the metadata.
  static func read(
    _ head: UnsafeRawBufferPointer
  ) throws(ProtocolError) -> (deadline: UInt64?, Metadata) {
    if head.isEmpty { return (nil, Metadata()) }
    let head: WireRequestHead = try Channel.decode(head)
    let metadata = try Metadata(head.metadata)
    if head.timeout == 0 { return (nil, metadata) }
    let (deadline, overflow) = LoopClock.now.addingReportingOverflow(head.timeout)
    return (overflow ? nil : deadline, metadata)
  }
}
