internal import CBaton
public import SystemPackage

/// An open file, socket, memory or other kernel object, as a value.
///
/// Copies share one counted owner; the number is closed when the last copy is gone (close(2)). The
/// number itself is reached only inside ``withFileDescriptor(_:)``, or by ``take()``, which gives it
/// up. ``init(adopting:)`` and ``init(duplicating:)`` make a descriptor of a number, ``duplicate()``
/// one of a descriptor. Every descriptor made here is closed when the process executes another
/// program (O_CLOEXEC).
///
/// Whoever else holds a descriptor for the same open file, the sender of a received one included,
/// shares more than the content:
/// - The offset, O_APPEND and O_NONBLOCK belong to the open file description, which both sides
///   share. Use positional reads and writes (``readAll(from:limit:)``, ``read(into:at:)``,
///   ``write(_:at:)``), or a private offset (``reopened(access:options:)``).
/// - A descriptor open for reading confines nobody: its holder can open the file again for writing
///   through `/proc/self/fd` where the file's permissions allow it. Where that matters, hand over
///   sealed memory (``memory(_:name:sealed:)``), a pipe, or a file the receiver may not write.
/// - Content can change while it is read, and a file can shrink under a mapping. ``seals`` say what
///   cannot happen to memory.
///
/// A descriptor is neither `Equatable` nor `Hashable`: whether two mean the same open file is a
/// question to the kernel, which can fail; ``sameDescription(as:)`` asks it.
public struct Descriptor: Sendable {
  private var owner: DescriptorOwner

  init(owner: DescriptorOwner) {
    self.owner = owner
  }

  /// Takes over `descriptor`, which must be open and must not be used or closed by the caller again.
  public init(adopting descriptor: FileDescriptor) {
    owner = DescriptorOwner(descriptor.rawValue)
  }

  /// Duplicates `descriptor`, which stays the caller's (fcntl(2), F_DUPFD_CLOEXEC).
  public init(duplicating descriptor: FileDescriptor) throws(Errno) {
    owner = DescriptorOwner(try DescriptorOwner.duplicate(descriptor.rawValue))
  }

  /// Lends the descriptor to `body`. It stays open at least until `body` returns; it must not be
  /// closed or kept.
  public func withFileDescriptor<Result: ~Copyable, Failure: Error>(
    _ body: (FileDescriptor) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(FileDescriptor(rawValue: owner.number))
  }

  /// Lends the numbers of `descriptors`, in their order, as ``withFileDescriptor(_:)`` lends one.
  package static func withNumbers(
    of descriptors: [Descriptor], _ body: (UnsafePointer<Int32>, Int32) -> Int
  ) -> Int {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: descriptors.count) { numbers in
      descriptors.withUnsafeBufferPointer { descriptors in
        for index in descriptors.indices {
          numbers.initializeElement(at: index, to: descriptors[index].owner.number)
        }
        return body(UnsafePointer(numbers.baseAddress!), Int32(descriptors.count))
      }
    }
  }

  /// ``withFileDescriptor(_:)`` for one system call of `CBaton/descriptors.h`.
  func call<Number: SignedInteger & FixedWidthInteger>(
    _ function: (Int32) -> Number
  ) throws(Errno) -> Number {
    defer { withExtendedLifetime(owner) {} }
    return try SystemCall.result(function(owner.number))
  }

  /// It turned out to be no socket, whose closing may take as long as a peer likes.
  func neverLingers() { owner.neverLingers() }

  /// A second descriptor for the same open file description, owned by the result alone (fcntl(2),
  /// F_DUPFD_CLOEXEC).
  public func duplicate() throws(Errno) -> Descriptor {
    Descriptor(owner: DescriptorOwner(try call(baton_duplicate)))
  }

  /// Gives the number up to the caller, who closes it. Where other copies of this handle exist they
  /// stay valid, and the caller gets a duplicate.
  public consuming func take() throws(Errno) -> FileDescriptor {
    if isKnownUniquelyReferenced(&owner) { return FileDescriptor(rawValue: owner.release()) }
    return FileDescriptor(rawValue: try call(baton_duplicate))
  }

  /// Whether both mean the same open file description, so that they share offset and status flags
  /// (fcntl(2), F_DUPFD_QUERY; before Linux 6.10 kcmp(2), KCMP_FILE). Two openings of one file do
  /// not.
  public func sameDescription(as other: Descriptor) throws(Errno) -> Bool {
    try other.withFileDescriptor { (other) throws(Errno) in
      try call { baton_same_description($0, other.rawValue) } == 1
    }
  }
}
