internal import CBaton
internal import SystemPackage

/// What lies behind an open number that somebody else owns. Asks the kernel for no more than a
/// question needs.
struct KernelObject {
  let number: Int32

  /// fstat(2).
  func status() throws(Errno) -> baton_status {
    var status = baton_status()
    try SystemCall.result(baton_file_status(number, &status))
    return status
  }

  /// fcntl(2), F_GETFL: whether it was opened with O_PATH, and what its mode allows.
  func mode() throws(Errno) -> (isPathOnly: Bool, access: DescriptorAccess) {
    let bits = try SystemCall.result(baton_access_mode(number))
    if UInt32(bits) & BATON_PATH_ONLY.rawValue != 0 { return (true, .any) }
    return (false, DescriptorAccess(rawValue: bits) ?? .any)
  }

  /// Nil where it is not memory.
  func seals() -> DescriptorSeals? {
    let seals = baton_seals(number)
    return seals < 0 ? nil : DescriptorSeals(rawValue: seals)
  }

  /// The name in `/proc/self/fd`; bytes that are not UTF-8 are replaced.
  func name() throws(Errno) -> String {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { (name) throws(Errno) in
      let length = try SystemCall.result(
        baton_descriptor_name(number, name.baseAddress, name.count))
      return String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(name)[..<length]),
        as: UTF8.self)
    }
  }

  /// The narrowest kind, for an object that was not opened with O_PATH.
  func kind(_ type: baton_file_type) throws(Errno) -> DescriptorKind {
    switch type {
    case BATON_FILE_REGULAR: seals() == nil ? .regularFile : .memory
    case BATON_FILE_DIRECTORY: .directory
    case BATON_FILE_FIFO: .pipe
    case BATON_FILE_SOCKET: try socketKind()
    case BATON_FILE_CHARACTER: baton_is_terminal(number) == 1 ? .terminal : .characterDevice
    case BATON_FILE_BLOCK: .blockDevice
    default: try anonymousKind()
    }
  }

  private func socketKind() throws(Errno) -> DescriptorKind {
    let type = try SystemCall.result(baton_query_socket_type(number))
    return switch baton_socket_type(UInt32(type)) {
    case BATON_SOCKET_STREAM: .streamSocket
    case BATON_SOCKET_DATAGRAM: .datagramSocket
    case BATON_SOCKET_SEQPACKET: .sequencedPacketSocket
    default: .socket
    }
  }

  /// fstat(2) tells no type of what the kernel makes without a path. Its file system does, and where
  /// that holds many kinds the name in `/proc/self/fd`, which no path can imitate: those begin with
  /// a slash. Without `/proc` the kind stays open.
  private func anonymousKind() throws(Errno) -> DescriptorKind {
    let system = try SystemCall.result(baton_query_file_system(number))
    switch baton_file_system(UInt32(system)) {
    case BATON_FILE_SYSTEM_DMABUF: return .dmabuf
    case BATON_FILE_SYSTEM_PROCESS: return .process
    case BATON_FILE_SYSTEM_ANONYMOUS: break
    default: return .any
    }
    return switch try? name() {
    case "anon_inode:[eventfd]": .event
    case "anon_inode:[timerfd]": .timer
    case "anon_inode:[signalfd]": .signal
    case "anon_inode:[eventpoll]": .epoll
    case "anon_inode:[pidfd]": .process  // before Linux 6.9, which gave pidfds a file system
    default: .any
    }
  }
}

extension KernelObject {
  func meets(_ contract: DescriptorContract) throws(Errno) -> Bool {
    if contract.kind == .any { return allows(contract.access, try mode().access) }
    let type = try status().type
    // Resolving paths, which is what a directory is handed over for, needs no access to it.
    if contract.kind == .directory && contract.access == .any {
      return type == BATON_FILE_DIRECTORY
    }
    let (isPathOnly, access) = try mode()
    if isPathOnly != (contract.kind == .pathOnly) { return false }
    return try isKind(contract.kind, type) && allows(contract.access, access)
  }

  private func isKind(_ kind: DescriptorKind, _ type: baton_file_type) throws(Errno) -> Bool {
    switch kind {
    case .pathOnly: true
    case .regularFile: type == BATON_FILE_REGULAR
    case .socket: type == BATON_FILE_SOCKET
    case .characterDevice: type == BATON_FILE_CHARACTER
    default: try self.kind(type) == kind
    }
  }

  private func allows(_ wanted: DescriptorAccess, _ mode: DescriptorAccess) -> Bool {
    guard mode.allows(wanted) else { return false }
    return !wanted.allows(.write) || seals()?.forbidWriting != true
  }
}
