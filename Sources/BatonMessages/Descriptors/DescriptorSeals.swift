internal import CBaton
public import SystemPackage

/// What nobody can do to memory any more, fcntl(2) "File Sealing". A seal is never taken off.
public struct DescriptorSeals: OptionSet, Sendable, Hashable {
  /// The kernel's F_SEAL_ bits.
  public let rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// No seal can be added (F_SEAL_SEAL).
  public static let seal = Self(rawValue: 1)
  /// It cannot shrink, so that a mapping of it never faults (F_SEAL_SHRINK).
  public static let shrink = Self(rawValue: 2)
  /// It cannot grow (F_SEAL_GROW).
  public static let grow = Self(rawValue: 4)
  /// Its content cannot change (F_SEAL_WRITE).
  public static let write = Self(rawValue: 8)
  /// Its content cannot change but through writable mappings that are older than the seal
  /// (F_SEAL_FUTURE_WRITE).
  public static let futureWrite = Self(rawValue: 16)
  /// It cannot become executable, or cease to be (F_SEAL_EXEC).
  public static let execute = Self(rawValue: 32)

  /// Whether write(2) fails for every holder.
  var forbidWriting: Bool { !isDisjoint(with: [.write, .futureWrite]) }
}

extension DescriptorSeals: CustomStringConvertible {
  /// `write, shrink`.
  public var description: String {
    let names: [(Self, String)] = [
      (.seal, "seal"), (.shrink, "shrink"), (.grow, "grow"), (.write, "write"),
      (.futureWrite, "future write"), (.execute, "execute"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}

extension Descriptor {
  /// The memory's seals (fcntl(2), F_GET_SEALS). `EINVAL` for what is not memory.
  public var seals: DescriptorSeals {
    get throws(Errno) { DescriptorSeals(rawValue: try call(baton_seals)) }
  }

  /// Seals the memory, for every holder (fcntl(2), F_ADD_SEALS). `EPERM` where it is sealed against
  /// sealing or not open for writing, `EINVAL` for what is not memory, `EBUSY` for
  /// ``DescriptorSeals/write`` while a writable mapping exists: unmap it and try again.
  public func add(_ seals: DescriptorSeals) throws(Errno) {
    _ = try call { baton_add_seals($0, seals.rawValue) }
  }
}
