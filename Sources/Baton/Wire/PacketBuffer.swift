/// Memory to receive packets into, for a connection without a loop.
struct PacketBuffer: ~Copyable {
  let memory: UnsafeMutableRawBufferPointer

  init() {
    memory = .allocate(byteCount: LoopCore.receiveCapacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }
}
