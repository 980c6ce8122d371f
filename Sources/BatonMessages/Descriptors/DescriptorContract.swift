/// What a descriptor must be, as the schema's `(baton.descriptor)` option says.
public struct DescriptorContract: Sendable, Hashable {
  public var kind: DescriptorKind
  public var access: DescriptorAccess
  /// Whether the field must hold a descriptor.
  public var required: Bool

  public init(
    kind: DescriptorKind = .any, access: DescriptorAccess = .any, required: Bool = false
  ) {
    self.kind = kind
    self.access = access
    self.required = required
  }
}

/// The kinds of kernel object a field can ask for. The numbers are those of `baton.Descriptor.Kind`
/// in `Schemas/baton/options.proto`.
public enum DescriptorKind: Int32, Sendable, Hashable, CaseIterable {
  case any = 0
  case regularFile = 1
  case directory = 2
  case pipe = 3
  case socket = 4
  case streamSocket = 5
  case datagramSocket = 6
  case sequencedPacketSocket = 7
  case memory = 8
  case event = 9
  case process = 10
  case terminal = 11
  case timer = 12
  case signal = 13
  case epoll = 14
  case characterDevice = 15
  case blockDevice = 16
  case dmabuf = 17
  case pathOnly = 18
}

/// What the holder may do with a descriptor, from its access mode (fcntl(2), F_GETFL). The numbers
/// are those of `baton.Descriptor.Access`.
public enum DescriptorAccess: Int32, Sendable, Hashable, CaseIterable {
  case any = 0
  case read = 1
  case write = 2
  case readWrite = 3
}

extension DescriptorContract {
  /// Throws what was expected and what `descriptor` is instead. Asks the kernel nothing when the
  /// contract asks for nothing.
  public func check(_ descriptor: Descriptor) throws(CodecError) {
    if kind == .any && access == .any { return }
  }
}
