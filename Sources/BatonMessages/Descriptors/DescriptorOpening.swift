internal import CBaton
public import SystemPackage

extension Descriptor {
  /// How to open, beside the access mode.
  public struct OpenOptions: OptionSet, Sendable, Hashable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    /// Makes the file where it is not (O_CREAT).
    public static let create = Self(BATON_OPEN_CREATE)
    /// With ``create``: `EEXIST` where the file is already (O_EXCL).
    public static let exclusive = Self(BATON_OPEN_EXCLUSIVE)
    /// Empties the file (O_TRUNC).
    public static let truncate = Self(BATON_OPEN_TRUNCATE)
    /// Every write goes to the end, positional ones too (O_APPEND).
    public static let append = Self(BATON_OPEN_APPEND)
    /// Opening a FIFO does not wait for the other end, and reads and writes do not wait
    /// (O_NONBLOCK). Means nothing to regular files.
    public static let nonBlocking = Self(BATON_OPEN_NONBLOCKING)
    /// `ENOTDIR` unless it is a directory (O_DIRECTORY).
    public static let directory = Self(BATON_OPEN_DIRECTORY)
    /// `ELOOP` where the last part of the path is a symbolic link (O_NOFOLLOW).
    public static let noFollow = Self(BATON_OPEN_NO_FOLLOW)
    /// Names the file without access to its content, whatever access mode is asked for (O_PATH).
    public static let pathOnly = Self(BATON_OPEN_PATH_ONLY)
    /// Makes a file without a name in the directory that the path names, for writing (O_TMPFILE). It
    /// is gone with its last descriptor. `EOPNOTSUPP` where the file system has none.
    public static let unnamed = Self(BATON_OPEN_UNNAMED)

    private init(_ option: baton_open_options) {
      self.init(rawValue: Int32(option.rawValue))
    }
  }

  /// Opens `path` (open(2)); the result alone owns the descriptor. A terminal does not become the
  /// process's controlling one (O_NOCTTY).
  ///
  /// - Parameter permissions: Of a file that is created, less the process's umask.
  public static func open(
    _ path: FilePath, access: FileDescriptor.AccessMode = .readOnly, options: OpenOptions = [],
    permissions: FilePermissions = .ownerReadWrite
  ) throws(Errno) -> Descriptor {
    try adopt(
      path.withPlatformString {
        baton_open($0, bits(of: access), options.rawValue, permission(bits: permissions))
      })
  }

  /// Opens `path` below `directory` (openat2(2), RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS); the
  /// result alone owns the descriptor.
  ///
  /// `EXDEV` where the path is absolute or leads out by `..` or a symbolic link, at any moment while
  /// it is resolved. `ENOSYS` before Linux 5.6 or where a filter forbids the call: there is no
  /// fallback, as no other call promises the same. A FIFO waits for its other end unless `options`
  /// hold ``OpenOptions/nonBlocking``. A `FilePath` made of a peer's string ends at its first NUL:
  /// look for one before.
  ///
  /// - Parameters:
  ///   - directory: Open for reading or with O_PATH.
  ///   - permissions: Of a file that is created, less the process's umask.
  public static func open(
    _ path: FilePath, beneath directory: Descriptor,
    access: FileDescriptor.AccessMode = .readOnly, options: OpenOptions = [],
    permissions: FilePermissions = .ownerReadWrite
  ) throws(Errno) -> Descriptor {
    let opened = try directory.call { directory in
      path.withPlatformString {
        baton_open_beneath(
          directory, $0, bits(of: access), options.rawValue, permission(bits: permissions))
      }
    }
    return Descriptor(owner: DescriptorOwner(opened))
  }

  /// Opens the same file again, for a private offset and private status flags (open(2) of
  /// `/proc/self/fd/N`). The file's permissions are checked anew. `ENXIO` for a socket, `ENOENT`
  /// where `/proc` is not mounted.
  ///
  /// - Parameter access: The same as now if nil; reading for a descriptor without access (O_PATH).
  public func reopened(
    access: FileDescriptor.AccessMode? = nil, options: OpenOptions = []
  ) throws(Errno) -> Descriptor {
    let now = try call(baton_access_mode)
    let wanted = access.map(Self.bits) ?? now
    return try Self.adopt(call { baton_reopen($0, wanted, options.rawValue) })
  }

  private static func adopt(_ opened: Int32) throws(Errno) -> Descriptor {
    Descriptor(owner: DescriptorOwner(try SystemCall.result(opened)))
  }

  private static func bits(of access: FileDescriptor.AccessMode) -> Int32 {
    switch access {
    case .writeOnly: Int32(BATON_WRITES.rawValue)
    case .readWrite: Int32(BATON_READS.rawValue | BATON_WRITES.rawValue)
    default: Int32(BATON_READS.rawValue)
    }
  }

  private static func permission(bits permissions: FilePermissions) -> UInt32 {
    UInt32(permissions.rawValue)
  }
}
