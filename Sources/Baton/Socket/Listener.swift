internal import CBaton
import Glibc
import Synchronization
import SystemPackage

/// A listening socket, closed with the last reference if not before, and the file that it made.
package final class Listener: Sendable {
  package let number: Int32
  let address: Address
  private let file: SocketFile?
  private let isOpen = Atomic(true)

  private init(_ number: Int32, _ address: Address, _ file: SocketFile?) {
    self.number = number
    self.address = address
    self.file = file
  }

  deinit { close() }

  /// Nobody connects any more: who waits to be accepted finds that nobody is there.
  func close() {
    if isOpen.exchange(false, ordering: .relaxed) { baton_close(number) }
  }

  /// Takes over an inherited listening socket.
  static func adopt(_ number: Int32) -> Listener {
    baton_adopt_listener(number)
    return Listener(number, .inherited(number), nil)
  }

  /// Makes the socket and, for a path, its file with `mode`. A file that nobody listens at is
  /// replaced.
  package static func bind(_ address: Address, mode: UInt32) throws(ConnectionError) -> Listener {
    let (name, isAbstract) = try name(of: address)
    var number = listen(name, isAbstract, mode)
    if number == -EADDRINUSE && !isAbstract {
      try removeStale(name, address)
      number = listen(name, isAbstract, mode)
    }
    if number < 0 {
      let errno = Errno(rawValue: -number)
      throw ConnectionError(.address, "cannot listen at \(address)", errno: errno)
    }
    return Listener(number, address, isAbstract ? nil : SocketFile(path: name))
  }

  /// Removes the socket's file, unless it is another one by now.
  package func removeFile() {
    file?.remove()
  }

  private static func name(of address: Address) throws(ConnectionError) -> (String, Bool) {
    switch address {
    case .path(let path): return (path, false)
    case .abstract(let name): return (name, true)
    default:
      throw ConnectionError(
        .address, "a server listens at unix:, fd: or systemd, not at \(address)")
    }
  }

  private static func listen(_ name: String, _ isAbstract: Bool, _ mode: UInt32) -> Int32 {
    withName(name, isAbstract) { baton_listen($0, mode) }
  }

  private static func removeStale(_ path: String, _ address: Address) throws(ConnectionError) {
    guard SocketFile(path: path) != nil else {
      throw ConnectionError(.address, "cannot listen at \(address): the file there is not a socket")
    }
    let answer = withName(path, false) { baton_connect($0, 0) }
    if answer >= 0 { baton_close(answer) }
    guard answer == -ECONNREFUSED else {
      throw ConnectionError(.address, "cannot listen at \(address): another server is live there")
    }
    unlink(path)
  }

  private static func withName(
    _ name: String, _ isAbstract: Bool, _ body: (baton_name) -> Int32
  ) -> Int32 {
    var name = name
    return name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        body(baton_name(bytes: $0.baseAddress, size: $0.count, abstract: isAbstract))
      }
    }
  }
}

/// A socket's file as it was when looked at, so that only that one is removed.
struct SocketFile: Sendable {
  private let path: String
  private let device: UInt64
  private let inode: UInt64

  /// nil when there is no socket at `path` (lstat(2)).
  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
    self.path = path
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// unlink(2), unless another file took its place.
  func remove() {
    guard let now = SocketFile(path: path), now.device == device, now.inode == inode else { return }
    unlink(path)
  }
}
