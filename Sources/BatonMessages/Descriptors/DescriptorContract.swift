internal import SystemPackage

/// What a descriptor must be, as the schema's `(baton.descriptor)` option says. It is checked when a
/// message is written and when one is read.
///
/// A contract is met at the moment of the check. It does not confine the holder, see ``Descriptor``,
/// and it does not promise that the content stays as it is.
public struct DescriptorContract: Sendable, Hashable {
  public var kind: DescriptorKind
  /// The least that the descriptor must allow.
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

  /// Whether what meets it is no socket.
  var excludesSockets: Bool {
    switch kind {
    case .any, .socket, .streamSocket, .datagramSocket, .sequencedPacketSocket: false
    default: true
    }
  }

  /// Whether every descriptor will do.
  var isMetByAny: Bool { kind == .any && access == .any }

  /// Throws what was expected and what `descriptor` is instead.
  ///
  /// Costs one fstat(2) for the kind and one fcntl(2) for the access; one more of either tells memory,
  /// terminals and types of socket apart, two more the kinds without a path (fstatfs(2), readlink(2)
  /// of `/proc/self/fd/N`, so that ``DescriptorKind/event``, ``DescriptorKind/timer``,
  /// ``DescriptorKind/signal`` and ``DescriptorKind/epoll`` are refused where `/proc` is not
  /// mounted). Writing access asks for seals, too. A contract that asks for nothing costs nothing.
  public func check(_ descriptor: Descriptor) throws(CodecError) {
    if isMetByAny { return }
    let finding: DescriptorDescription?
    do throws(Errno) {
      finding = try descriptor.withFileDescriptor { (descriptor) throws(Errno) in
        let object = KernelObject(number: descriptor.rawValue)
        return try object.meets(self) ? nil : object.describe()
      }
    } catch let error where error == .badFileDescriptor {
      throw CodecError(
        .descriptor,
        "expected \(self), got a number that is not open (\(error)): was it closed behind the Descriptor's back?"
      )
    } catch {
      throw CodecError(
        .descriptor, "expected \(self), got one that tells nothing of itself: \(error)")
    }
    if let finding { throw CodecError(.descriptor, "expected \(self), got \(finding)") }
  }
}

extension DescriptorContract: CustomStringConvertible {
  /// As in `a regular file open for reading`.
  public var description: String { kind.phrase + access.phrase }
}
