internal import CBaton
public import SystemPackage

/// What a descriptor turned out to be, for people to read.
public struct DescriptorDescription: Sendable, Hashable {
  /// The narrowest kind that fits: ``DescriptorKind/memory`` rather than a regular file.
  /// ``DescriptorKind/any`` for an object that has no kind here.
  public var kind: DescriptorKind
  /// ``DescriptorAccess/any`` when there is none.
  public var access: DescriptorAccess
  /// Bytes. Nil for what has no size: all but regular files and memory.
  public var size: Int64?
  /// The name in `/proc/self/fd` when it was asked for: a path, a path with ` (deleted)` behind it
  /// where the file has lost it, `/memfd:NAME (deleted)`, or the likes of `pipe:[4711]` and
  /// `anon_inode:[eventfd]`. Nil where `/proc` is not mounted.
  public var path: String?
  /// Nil for what is not memory.
  public var seals: DescriptorSeals?

  public init(
    kind: DescriptorKind, access: DescriptorAccess, size: Int64? = nil, path: String? = nil,
    seals: DescriptorSeals? = nil
  ) {
    self.kind = kind
    self.access = access
    self.size = size
    self.path = path
    self.seals = seals
  }
}

extension DescriptorDescription: CustomStringConvertible {
  /// As in `a regular file open for reading`.
  public var description: String {
    var text = kind.phrase
    if kind == .any {
      text =
        path.map { "an object of no kind that schemas know (\($0))" }
        ?? "an object whose kind only /proc could tell"
    }
    text += access.phrase
    if let seals, !seals.isEmpty { text += ", sealed (\(seals))" }
    return text
  }
}

extension Descriptor {
  /// Asks the kernel what this is: fstat(2), fcntl(2) F_GETFL and F_GET_SEALS, readlink(2) of
  /// `/proc/self/fd/N`, and what else the kind needs.
  public func describe() throws(Errno) -> DescriptorDescription {
    try withFileDescriptor { (descriptor) throws(Errno) in
      try KernelObject(number: descriptor.rawValue).describe()
    }
  }
}

extension KernelObject {
  func describe() throws(Errno) -> DescriptorDescription {
    let status = try status()
    var (isPathOnly, access) = try mode()
    let hasSize = status.type == BATON_FILE_REGULAR
    let seals = hasSize ? seals() : nil
    if seals?.forbidWriting == true && access == .readWrite { access = .read }
    return DescriptorDescription(
      kind: isPathOnly ? .pathOnly : try kind(status.type), access: access,
      size: hasSize ? status.size : nil, path: try? name(), seals: seals)
  }
}
