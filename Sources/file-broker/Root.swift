import Baton
import BatonMessages
import SystemPackage

/// The directory below which the broker opens files.
struct Root {
  private let directory: Descriptor

  init(_ path: FilePath) throws(Errno) {
    directory = try .open(path, options: [.directory, .pathOnly])
  }

  /// A directory, open for its name alone. An empty path is the root.
  func directory(_ path: String) throws(RPCError) -> Descriptor {
    if path.isEmpty { return directory }
    if path.utf8.contains(0) {
      throw RPCError(
        .invalidArgument, "expected a path without NUL, got \(Self.shown(path).debugDescription)")
    }
    do throws(Errno) {
      return try .open(Self.whole(path), beneath: directory, options: [.directory, .pathOnly])
    } catch {
      throw Self.refusal(of: path, error)
    }
  }

  /// Opens a regular file for reading, and tells its size in bytes. A path that leads out of the
  /// root, by `..` or by a link, is refused by the kernel while it resolves it.
  func open(_ path: String) throws(RPCError) -> (file: Descriptor, size: UInt64) {
    if path.isEmpty || path.utf8.contains(0) {
      throw RPCError(
        .invalidArgument,
        "expected the path of a file, without NUL, got \(Self.shown(path).debugDescription)")
    }
    let file: Descriptor
    let found: DescriptorDescription
    do throws(Errno) {
      // A FIFO would keep the broker waiting; to a regular file the option means nothing.
      file = try .open(Self.whole(path), beneath: directory, options: .nonBlocking)
      found = try file.describe()
    } catch {
      throw Self.refusal(of: path, error)
    }
    guard let size = found.size else {
      throw RPCError(
        .failedPrecondition, "expected a regular file at \(Self.shown(path)), got \(found)")
    }
    return (file, UInt64(size))
  }

  /// The same, or nil where no regular file is, any more, that may be opened.
  func openIfFile(_ path: String) throws(RPCError) -> Descriptor? {
    do throws(RPCError) {
      return try open(path).file
    } catch {
      if error.code == .resourceExhausted { throw error }
      return nil
    }
  }

  /// A `FilePath` has no slash at its end, but behind that only a directory may be found.
  private static func whole(_ path: String) -> FilePath {
    FilePath(path.hasSuffix("/") ? path + "." : path)
  }

  /// The beginning of a long path: an error that repeats all of it is cut before it says why.
  private static func shown(_ path: String) -> String {
    path.utf8.count > 4096 ? path.prefix(200) + "…" : path
  }

  private static func refusal(of path: String, _ error: Errno) -> RPCError {
    var refusal = RPCError(thrown: error)
    refusal.message =
      error == .improperLink
      ? "expected a path that stays below the root, got \(shown(path))" : "\(shown(path)): \(error)"
    return refusal
  }
}
