import BatonMessages
import CKernelObjects
import SystemPackage
import Testing

/// One of every object that a descriptor can stand for, and what a contract may call it.
enum DescriptorSample: CaseIterable {
  case regularFile, directory, pathToFile, pathToDirectory
  case pipe, fifo, streamSocket, datagramSocket, sequencedPacketSocket, netlinkSocket
  case memory, sharedMemory, secretMemory
  case event, timer, signal, epoll, process, inotify
  case terminal, terminalController, characterDevice, blockDevice, dmabuf

  /// Every kind whose contract it meets, the narrowest first.
  var kinds: [DescriptorKind] {
    switch self {
    case .regularFile, .secretMemory: [.regularFile, .any]
    case .directory: [.directory, .any]
    case .pathToFile: [.pathOnly, .any]
    case .pathToDirectory: [.pathOnly, .directory, .any]
    case .pipe, .fifo: [.pipe, .any]
    case .streamSocket: [.streamSocket, .socket, .any]
    case .datagramSocket: [.datagramSocket, .socket, .any]
    case .sequencedPacketSocket: [.sequencedPacketSocket, .socket, .any]
    case .netlinkSocket: [.socket, .any]
    case .memory, .sharedMemory: [.memory, .regularFile, .any]
    case .event: [.event, .any]
    case .timer: [.timer, .any]
    case .signal: [.signal, .any]
    case .epoll: [.epoll, .any]
    case .process: [.process, .any]
    case .inotify: [.any]
    case .terminal, .terminalController: [.terminal, .characterDevice, .any]
    case .characterDevice: [.characterDevice, .any]
    case .blockDevice: [.blockDevice, .any]
    case .dmabuf: [.dmabuf, .any]
    }
  }

  func make() throws -> Descriptor {
    switch self {
    case .regularFile: try .open("/etc/passwd")
    case .directory: try .open("/etc", options: .directory)
    case .pathToFile: try .open("/etc/passwd", options: .pathOnly)
    case .pathToDirectory: try .open("/etc", options: [.pathOnly, .directory])
    case .pipe: try Descriptor.pipe().writing
    case .fifo: try Self.fifo()
    case .streamSocket: try Descriptor.socketPair(.stream).0
    case .datagramSocket: try Descriptor.socketPair(.datagram).0
    case .sequencedPacketSocket: try Descriptor.socketPair().0
    case .netlinkSocket: try Self.adopt(make_netlink_socket())
    case .memory: try .memory()
    case .sharedMemory: try Self.sharedMemory()
    case .secretMemory: try Self.adopt(make_secret_memory())
    case .event: try Self.adopt(make_eventfd())
    case .timer: try Self.adopt(make_timerfd())
    case .signal: try Self.adopt(make_signalfd())
    case .epoll: try Self.adopt(make_epoll())
    case .process: try Self.adopt(make_pidfd())
    case .inotify: try Self.adopt(make_inotify())
    case .terminal: try Self.terminal().terminal
    case .terminalController: try Self.terminal().controller
    case .characterDevice: try .open("/dev/null", access: .readWrite)
    case .blockDevice: try Self.openBlockDevice()
    case .dmabuf: try Self.adopt(make_dmabuf())
    }
  }

  /// All that this machine can make.
  static let available = allCases.filter { sample in
    switch sample {
    case .blockDevice: hasBlockDevice
    case .dmabuf: hasDmabuf
    case .secretMemory: hasSecretMemory
    default: true
    }
  }
  static let hasBlockDevice = (try? openBlockDevice()) != nil
  static let hasDmabuf = (try? adopt(make_dmabuf())) != nil
  static let hasSecretMemory = (try? adopt(make_secret_memory())) != nil

  static func adopt(_ made: Int32) throws(Errno) -> Descriptor {
    if made < 0 { throw Errno(rawValue: -made) }
    return Descriptor(adopting: FileDescriptor(rawValue: made))
  }

  private static func terminal() throws -> (controller: Descriptor, terminal: Descriptor) {
    var terminal: Int32 = -1
    let controller = try adopt(make_terminal(&terminal))
    return (controller, try adopt(terminal))
  }

  private static func fifo() throws -> Descriptor {
    try withTemporaryDirectory { directory in
      let path = directory.appending("fifo")
      try #require(path.withPlatformString(make_fifo) == 0)
      return try .open(path, options: .nonBlocking)
    }
  }

  private static func sharedMemory() throws -> Descriptor {
    try withTemporaryDirectory(in: "/dev/shm") { directory in
      try .open(directory.appending("memory"), access: .readWrite, options: .create)
    }
  }

  private static func openBlockDevice() throws -> Descriptor {
    var last = Errno.noSuchFileOrDirectory
    for path: FilePath in ["/dev/vda", "/dev/loop0", "/dev/sda", "/dev/nvme0n1", "/dev/mmcblk0"] {
      do throws(Errno) { return try .open(path) } catch { last = error }
    }
    throw last
  }
}
