import BatonMessages

extension DescriptorKind {
  /// The name in `baton.Descriptor.Kind`.
  var schemaName: String {
    switch self {
    case .any: "ANY"
    case .regularFile: "REGULAR_FILE"
    case .directory: "DIRECTORY"
    case .pipe: "PIPE"
    case .socket: "SOCKET"
    case .streamSocket: "STREAM_SOCKET"
    case .datagramSocket: "DATAGRAM_SOCKET"
    case .sequencedPacketSocket: "SEQPACKET_SOCKET"
    case .memory: "MEMORY"
    case .event: "EVENT"
    case .process: "PROCESS"
    case .terminal: "TERMINAL"
    case .timer: "TIMER"
    case .signal: "SIGNAL"
    case .epoll: "EPOLL"
    case .characterDevice: "CHARACTER_DEVICE"
    case .blockDevice: "BLOCK_DEVICE"
    case .dmabuf: "DMABUF"
    case .pathOnly: "PATH_ONLY"
    }
  }
}

extension DescriptorAccess {
  /// The name in `baton.Descriptor.Access`.
  var schemaName: String {
    switch self {
    case .any: "ANY_ACCESS"
    case .read: "READ"
    case .write: "WRITE"
    case .readWrite: "READ_WRITE"
    }
  }
}
