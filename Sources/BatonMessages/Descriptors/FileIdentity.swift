internal import CBaton

/// Which file, socket or other object of the kernel lies behind a number: st_dev and st_ino of
/// fstat(2), which no other object has as long as this one is open.
@usableFromInline
package struct FileIdentity: Sendable, Hashable {
  private let device: UInt64
  package let inode: UInt64

  /// Nil where the number is not open.
  package init?(of number: Int32) {
    guard let status = try? KernelObject(number: number).status() else { return nil }
    device = status.device
    inode = status.inode
  }
}
