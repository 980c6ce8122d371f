internal import CBaton
public import SystemPackage

extension Descriptor {
  /// Memory that holds `bytes`, open for reading and writing with the offset at zero
  /// (memfd_create(2), not executable where the kernel can say so); the result alone owns it.
  ///
  /// - Parameters:
  ///   - name: Shown in `/proc/self/fd`; at most 249 bytes, else `EINVAL`.
  ///   - sealed: Nobody, this process included, can write, shrink or grow it any more, or change
  ///     that (F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL).
  public static func memory(
    _ bytes: [UInt8] = [], name: String = "baton", sealed: Bool = false
  ) throws(Errno) -> Descriptor {
    let memory = Descriptor(
      owner: DescriptorOwner(try SystemCall.result(name.withCString(baton_memory))))
    try memory.write(bytes, at: 0)
    if sealed { try memory.add([.write, .shrink, .grow, .seal]) }
    return memory
  }

  /// A pipe's two ends (pipe2(2)), each owned by its handle alone.
  public static func pipe() throws(Errno) -> (reading: Descriptor, writing: Descriptor) {
    let (reading, writing) = try pair(baton_pipe)
    return (reading, writing)
  }

  /// The types of socket that unix(7) has.
  public enum SocketType: Sendable, Hashable, CaseIterable {
    /// A stream of bytes without boundaries (SOCK_STREAM).
    case stream
    /// Packets without a connection (SOCK_DGRAM).
    case datagram
    /// Packets over a connection, in order (SOCK_SEQPACKET).
    case sequencedPacket

    var number: baton_socket_type {
      switch self {
      case .stream: BATON_SOCKET_STREAM
      case .datagram: BATON_SOCKET_DATAGRAM
      case .sequencedPacket: BATON_SOCKET_SEQPACKET
      }
    }
  }

  /// Two Unix sockets connected with each other (socketpair(2)), each owned by its handle alone.
  public static func socketPair(
    _ type: SocketType = .sequencedPacket
  ) throws(Errno) -> (Descriptor, Descriptor) {
    try pair { baton_socket_pair_of(type.number, $0) }
  }

  private static func pair(
    _ make: (UnsafeMutablePointer<Int32>) -> Int32
  ) throws(Errno) -> (Descriptor, Descriptor) {
    var ends: (Int32, Int32) = (-1, -1)
    let result = withUnsafeMutableBytes(of: &ends) {
      make($0.assumingMemoryBound(to: Int32.self).baseAddress!)
    }
    try SystemCall.result(result)
    return (
      Descriptor(owner: DescriptorOwner(ends.0)), Descriptor(owner: DescriptorOwner(ends.1))
    )
  }
}
