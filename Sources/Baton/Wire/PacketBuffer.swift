/// Memory to receive packets into, for a connection without a loop.
///
/// Sendable because it is not copyable: who holds it holds the memory alone.
struct PacketBuffer: ~Copyable, @unchecked Sendable {
  let memory: UnsafeMutableRawBufferPointer

  init() {
    memory = .allocate(byteCount: LoopCore.receiveCapacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }
}
