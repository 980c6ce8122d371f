/// The kinds of kernel object a field can ask for. The numbers are those of `baton.Descriptor.Kind`
/// in `Schemas/baton/options.proto`.
///
/// Except for ``any``, ``directory`` and ``pathOnly``, none of them is met by a descriptor that was
/// opened with O_PATH.
public enum DescriptorKind: Int32, Sendable, Hashable, CaseIterable {
  /// As a contract: whatever it is. As a finding: something that has no kind here, as inotify(7).
  case any = 0
  /// A file with content and size. Memory is one too.
  case regularFile = 1
  /// A directory; one that was opened with O_PATH as well, unless the contract asks for access.
  case directory = 2
  /// A pipe or FIFO.
  case pipe = 3
  /// A socket of any type.
  case socket = 4
  case streamSocket = 5
  case datagramSocket = 6
  case sequencedPacketSocket = 7
  /// A memfd, a file of shm_open(3), any file that lies on tmpfs or hugetlbfs: what fcntl(2),
  /// F_GET_SEALS answers for. A memfd_secret(2) is not, as it cannot be read.
  case memory = 8
  /// eventfd(2).
  case event = 9
  /// pidfd_open(2).
  case process = 10
  /// A terminal or pseudoterminal, of either end.
  case terminal = 11
  /// timerfd_create(2).
  case timer = 12
  /// signalfd(2).
  case signal = 13
  /// epoll_create(2).
  case epoll = 14
  /// A character device. A terminal is one too.
  case characterDevice = 15
  case blockDevice = 16
  /// A buffer that devices share, dma-buf.
  case dmabuf = 17
  /// Opened with O_PATH, which gives no access to the content.
  case pathOnly = 18

  /// With its article: `a regular file`.
  var phrase: String {
    switch self {
    case .any: "a descriptor"
    case .regularFile: "a regular file"
    case .directory: "a directory"
    case .pipe: "a pipe"
    case .socket: "a socket"
    case .streamSocket: "a stream socket"
    case .datagramSocket: "a datagram socket"
    case .sequencedPacketSocket: "a sequenced packet socket"
    case .memory: "memory"
    case .event: "an eventfd"
    case .process: "a pidfd"
    case .terminal: "a terminal"
    case .timer: "a timerfd"
    case .signal: "a signalfd"
    case .epoll: "an epoll instance"
    case .characterDevice: "a character device"
    case .blockDevice: "a block device"
    case .dmabuf: "a dma-buf"
    case .pathOnly: "a path without access to its content (O_PATH)"
    }
  }
}
