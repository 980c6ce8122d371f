/// What the holder of a descriptor may do with its content: the access mode (fcntl(2), F_GETFL),
/// and for memory its seals. The numbers are those of `baton.Descriptor.Access` in
/// `Schemas/baton/options.proto`.
///
/// Sockets, eventfds, pidfds and most other objects without a path are open for reading and writing
/// by nature. It is no confinement: who can read a file may open it again for writing through
/// `/proc/self/fd` where the file's permissions allow it.
public enum DescriptorAccess: Int32, Sendable, Hashable, CaseIterable {
  /// As a contract: whatever it is. As a finding: none, as of a descriptor that was opened with
  /// O_PATH.
  case any = 0
  case read = 1
  case write = 2
  case readWrite = 3

  /// Whether it allows at least what `wanted` asks for.
  public func allows(_ wanted: DescriptorAccess) -> Bool {
    rawValue & wanted.rawValue == wanted.rawValue
  }

  /// For the end of a sentence: ` open for reading`.
  var phrase: String {
    switch self {
    case .any: ""
    case .read: " open for reading"
    case .write: " open for writing"
    case .readWrite: " open for reading and writing"
    }
  }
}
