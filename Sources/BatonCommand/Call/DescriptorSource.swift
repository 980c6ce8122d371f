package import BatonMessages
import Glibc
import SystemPackage

/// Where a descriptor of the request comes from: the string in a descriptor field's place, such as
/// `"r:notes.txt"`.
package enum DescriptorSource: Hashable {
  /// Opened with the shell's habits: writing empties or makes the file, reading and writing makes it,
  /// appending makes it.
  case file(String, FileMode)
  case directory(String)
  /// Named without access to its content (O_PATH).
  case path(String)
  /// A descriptor that the command inherited.
  case number(Int32)
  /// Sealed memory that holds the text.
  case text(String)
  /// Sealed memory that holds what the file does.
  case memory(String)

  package enum FileMode: String {
    case read = "r"
    case write = "w"
    case readWrite = "rw"
    case append = "a"
  }

  /// What is expected, for help and errors.
  package static let forms =
    "r:PATH, w:PATH, rw:PATH, a:PATH, dir:PATH, path:PATH, fd:N, stdin, stdout, stderr, "
    + "text:CONTENT or memory:PATH"

  package init(_ text: String) throws(CodecError) {
    switch text {
    case "stdin": self = .number(0)
    case "stdout": self = .number(1)
    case "stderr": self = .number(2)
    default:
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let source = Self.make(String(parts[0]), String(parts[1])) else {
        throw CodecError(.json, "expected \(Self.forms), got \(text.quoted)")
      }
      self = source
    }
  }

  private static func make(_ form: String, _ rest: String) -> DescriptorSource? {
    if form == "text" { return .text(rest) }
    if rest.isEmpty || rest.utf8.contains(0) { return nil }
    switch form {
    case "dir": return .directory(rest)
    case "path": return .path(rest)
    case "memory": return .memory(rest)
    case "fd": return Int32(rest).flatMap { $0 >= 0 ? .number($0) : nil }
    default: return FileMode(rawValue: form).map { .file(rest, $0) }
    }
  }

  /// Opens or makes what is named; the result alone owns the descriptor. A new file has no name, and
  /// one that writing empties is as it was, before ``OpenedSource/name()`` and
  /// ``OpenedSource/empty()``. `before` was opened for the same request.
  package func open(_ before: [OpenedSource] = []) throws(CodecError) -> OpenedSource {
    do throws(Errno) {
      if case .file(let path, let mode) = self, mode != .read {
        return try OpenedSource(writing: path, mode, self, before)
      }
      if case .file(let path, .read) = self, let new = before.first(where: { $0.makes(path) }) {
        return OpenedSource(
          self, try new.descriptor.reopened(access: .readOnly), newPath: path)
      }
      return OpenedSource(self, try attempt())
    } catch {
      throw cannotOpen(error)
    }
  }

  func cannotOpen(_ error: Errno) -> CodecError {
    CodecError(.json, "cannot open \(action): \(error)")
  }

  private func attempt() throws(Errno) -> Descriptor {
    switch self {
    case .file(let path, _): try .open(Self.whole(path))
    case .directory(let path): try .open(Self.whole(path), options: .directory)
    case .path(let path): try .open(Self.whole(path), options: .pathOnly)
    case .number(let number): try Self.inherited(number)
    case .text(let text): try .memory(Array(text.utf8), name: "text", sealed: true)
    case .memory(let path): try Self.memory(path)
    }
  }

  /// What came through execve(2) has no FD_CLOEXEC, and everything this process opened has: so the
  /// connection itself, or another file of the request, cannot be named by accident.
  private static func inherited(_ number: Int32) throws(Errno) -> Descriptor {
    let flags = fcntl(number, F_GETFD)
    if flags < 0 || flags & FD_CLOEXEC != 0 { throw .badFileDescriptor }
    return try Descriptor(duplicating: FileDescriptor(rawValue: number))
  }

  /// More than that is a mistake, such as a device without end.
  private static let mostMemory = 2 << 30

  private static func memory(_ path: String) throws(Errno) -> Descriptor {
    let file = try Descriptor.open(whole(path))
    let name = FilePath(path).lastComponent?.string ?? "memory"
    let memory = try Descriptor.memory(name: String(decoding: name.utf8.prefix(200), as: UTF8.self))
    try ContentCopy(of: file).write { (bytes, offset) throws(Errno) in
      if Int(offset) + bytes.count > mostMemory { throw .fileTooLarge }
      try memory.write(bytes, at: offset)
    }
    try memory.add([.write, .shrink, .grow, .seal])
    return memory
  }

  /// A `FilePath` has no slash at its end, but behind that only a directory may be found.
  static func whole(_ path: String) -> FilePath {
    FilePath(path.hasSuffix("/") ? path + "." : path)
  }

  /// What is opened and for what, for errors.
  var action: String {
    switch self {
    case .file(let path, .read): "\(path.quoted) for reading"
    case .file(let path, .write): "\(path.quoted) for writing"
    case .file(let path, .readWrite): "\(path.quoted) for reading and writing"
    case .file(let path, .append): "\(path.quoted) for appending"
    case .directory(let path): "the directory \(path.quoted)"
    case .path(let path): "\(path.quoted) as a path"
    case .number(let number): "descriptor \(number)"
    case .text: "memory for the text"
    case .memory(let path): "\(path.quoted) as memory"
    }
  }
}
