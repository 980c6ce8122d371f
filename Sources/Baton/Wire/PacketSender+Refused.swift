import BatonMessages
import Synchronization
import SystemPackage

// Packets that cannot leave.
extension PacketSender {
  /// Deals with a packet that could not leave. Whether sending goes on.
  func retry(_ packet: OutgoingPacket, after error: Errno) -> Bool {
    switch error {
    case .wouldBlock, .resourceTemporarilyUnavailable:
      putBack(packet, .blocked)
      loop.execute { self.updateInterest() }
      return false
    case .tooManyReferences, .noBufferSpace, .noMemory:
      return backOff(packet, error)
    case _ where error.isAboutDescriptors && !packet.descriptors.isEmpty:
      return drop(packet, error)
    case .brokenPipe, .connectionReset, .socketNotConnected:
      // What the peer sent before it left is still to be read: the end comes from there.
      output.withLock { output in
        output.dropAll(packet)
        output.isBroken = true
        if output.state != .ended { output.state = .idle }
      }
      relieve()
      return false
    default:
      fail(error)
      return false
    }
  }

  private func fail(_ error: Errno) {
    let failure = ConnectionError(.closed, "sending to the peer failed", errno: error)
    loop.execute { self.owner?.sendingFailed(failure) }
  }

  private func putBack(_ packet: OutgoingPacket, _ state: SenderOutput.State) {
    output.withLock { output in
      if output.state == .ended { return }
      output.packets.putBack(packet)
      output.state = state
    }
  }

  /// What the kernel bounds may be to be had again: waits longer each time, then fails the frame's
  /// call. Whether sending goes on.
  private func backOff(_ packet: OutgoingPacket, _ error: Errno) -> Bool {
    let refusals = output.withLock { output in
      output.refusals += 1
      return output.refusals
    }
    if refusals > 8 { return drop(packet, error) }
    putBack(packet, .refused)
    let later = LoopClock.now + UInt64(1_000_000) << UInt64(refusals)
    _ = loop.schedule(at: later) { self.tryRefused() }
    return false
  }

  /// Drops the packet's last frame, and what waits of the same call: without it that would be another
  /// message than was written. Whether sending goes on.
  private func drop(_ packet: OutgoingPacket, _ error: Errno) -> Bool {
    let call = packet.lastCall
    output.withLock { output in
      output.refusals = 0
      output.packets.dropAll(of: [call])
    }
    packet.dropLastFrame()
    if packet.count > 0 { putBack(packet, .refused) }
    loop.execute { self.giveUp(call, error, hasRest: packet.count > 0) }
    return packet.count == 0
  }

  private func tryRefused() {
    if begin(from: { $0 == .refused }) { drain() }
  }

  private func giveUp(_ call: UInt32, _ error: Errno, hasRest: Bool) {
    // Frames that belong to no call are answers nobody waits for.
    if call != 0 { owner?.couldNotSend(call, RPCError(unsent: error)) }
    if hasRest { tryRefused() }
  }
}
