public import SystemPackage

/// An open file, socket, memory or other kernel object, as a value.
///
/// Copies share one counted owner; the number is closed when the last copy is gone (close(2)). The
/// number itself is reached only inside ``withFileDescriptor(_:)``, or by ``duplicate()`` or
/// ``take()``. The kernel's open file description (offset, O_APPEND, O_NONBLOCK) is shared with
/// whoever else holds it, the sender of a received descriptor included: use positional reads and
/// writes where that matters.
public struct Descriptor: Sendable {
  var owner: DescriptorOwner

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

  /// A second descriptor for the same open file description, owned by the result alone.
  public func duplicate() throws(Errno) -> Descriptor {
    try withFileDescriptor { (descriptor) throws(Errno) in
      try Descriptor(duplicating: descriptor)
    }
  }

  /// Gives the number up to the caller, who closes it. Where other copies of this handle exist they
  /// stay valid, and the caller gets a duplicate.
  public consuming func take() throws(Errno) -> FileDescriptor {
    if isKnownUniquelyReferenced(&owner) { return FileDescriptor(rawValue: owner.release()) }
    let number = try DescriptorOwner.duplicate(owner.number)
    return FileDescriptor(rawValue: number)
  }
}
