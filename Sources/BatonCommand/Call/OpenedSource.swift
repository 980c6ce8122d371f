package import BatonMessages
import Glibc
import SystemPackage

/// What a request names, opened.
///
/// Nothing is lost or left behind by a mistake elsewhere in the request: only when all of it is known
/// to be good are new files given their names, and others emptied.
package final class OpenedSource {
  package let descriptor: Descriptor
  private let source: DescriptorSource
  /// The name that a new file is to get, or got. nil for a file that somebody else made.
  private var newPath: String?

  init(_ source: DescriptorSource, _ descriptor: Descriptor, newPath: String? = nil) {
    self.source = source
    self.descriptor = descriptor
    self.newPath = newPath
  }

  /// Opens a file that is made where it is not.
  convenience init(
    writing path: String, _ mode: DescriptorSource.FileMode, _ source: DescriptorSource,
    _ before: [OpenedSource]
  ) throws(Errno) {
    let access = Self.access(mode)
    let options: Descriptor.OpenOptions = mode == .append ? .append : []
    if let same = before.first(where: { $0.makes(path) }) {
      // With its name, too, which in the end may be another file's.
      self.init(
        source, try same.descriptor.reopened(access: access, options: options), newPath: path)
      return
    }
    let whole = DescriptorSource.whole(path)
    do throws(Errno) {
      self.init(source, try .open(whole, access: access, options: options))
    } catch .noSuchFileOrDirectory {
      if let file = try Self.make(path, access, options) {
        self.init(source, file, newPath: path)
        return
      }
      self.init(
        source,
        try .open(
          whole, access: access, options: [options, .create], permissions: Self.permissions))
    }
  }

  /// Whether it is the new file of this name.
  func makes(_ path: String) -> Bool { newPath?.utf8.elementsEqual(path.utf8) == true }

  private static func access(_ mode: DescriptorSource.FileMode) -> FileDescriptor.AccessMode {
    switch mode {
    case .read: .readOnly
    case .write, .append: .writeOnly
    case .readWrite: .readWrite
    }
  }

  private static let permissions = FilePermissions(rawValue: 0o666)

  /// A new file that can be given the name. nil where that is a link's, which leads elsewhere, and
  /// where the file system has no files without names.
  private static func make(
    _ path: String, _ access: FileDescriptor.AccessMode, _ options: Descriptor.OpenOptions
  ) throws(Errno) -> Descriptor? {
    var status = stat()
    if lstat(path, &status) == 0 { return nil }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "."
    do throws(Errno) {
      return try .open(
        DescriptorSource.whole(folder), access: access, options: [options, .unnamed],
        permissions: permissions)
    } catch {
      // A kernel or file system that does not know the flag takes it for O_DIRECTORY alone.
      if error == .notSupported || error == .isDirectory { return nil }
      throw error
    }
  }

  /// Gives a new file its name (linkat(2)). Before anything is emptied.
  package func name() throws(CodecError) {
    guard let newPath else { return }
    let result = descriptor.withFileDescriptor {
      linkat(
        AT_FDCWD, "/proc/self/fd/\($0.rawValue)", AT_FDCWD, newPath, Int32(AT_SYMLINK_FOLLOW))
    }
    if result == 0 { return }
    do throws(Errno) {
      let error = Errno(rawValue: errno)
      if error != .fileExists { throw error }
      try becomeOther(at: newPath)
    } catch {
      throw source.cannotOpen(error)
    }
  }

  /// Somebody made a file of this name meanwhile, or the request names it before: takes that.
  private func becomeOther(at path: String) throws(Errno) {
    guard case .file(_, let mode) = source else { return }
    let other = try Descriptor.open(
      DescriptorSource.whole(path), access: Self.access(mode),
      options: mode == .append ? .append : [])
    let identities = [descriptor, other].map {
      $0.withFileDescriptor { FileIdentity(of: $0.rawValue) }
    }
    if identities[0] == identities[1] { return }
    let result = descriptor.withFileDescriptor { own in
      other.withFileDescriptor { dup2($0.rawValue, own.rawValue) }
    }
    if result < 0 { throw Errno(rawValue: errno) }
    _ = fcntl(result, F_SETFD, FD_CLOEXEC)
    newPath = nil
  }

  /// Empties the file, if it was to be. A new one is empty: what it holds, others have written since
  /// it got its name.
  package func empty() throws(CodecError) {
    guard newPath == nil, case .file(_, .write) = source else { return }
    let result = descriptor.withFileDescriptor { ftruncate($0.rawValue, 0) }
    // What is no file has nothing to be emptied.
    if result != 0 && errno != EINVAL { throw source.cannotOpen(Errno(rawValue: errno)) }
  }
}
