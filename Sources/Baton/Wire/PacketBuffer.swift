/// Memory to receive packets into, for a connection without a loop.
///
/// Sendable because it is not copyable: who holds it holds the memory alone.
package struct PacketBuffer: ~Copyable, @unchecked Sendable {
  package let memory: UnsafeMutableRawBufferPointer

  package init() {
    memory = .allocate(byteCount: LoopCore.receiveCapacity, alignment: FrameHeader.alignment)
  }

  deinit { memory.deallocate() }
}
