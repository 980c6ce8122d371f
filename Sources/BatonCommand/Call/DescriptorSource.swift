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

  /// Opens or makes what is named; the result alone owns the descriptor. What writing empties is
  /// emptied by ``empty(_:)`` later.
  package func open() throws(CodecError) -> Descriptor {
    do throws(Errno) {
      return try attempt()
    } catch {
      throw CodecError(.json, "cannot open \(action): \(error)")
    }
  }

  /// Empties the file that was opened, if it was to be: once the request is known to be good, as what
  /// a file holds is not to be lost to a mistake elsewhere in it.
  package func empty(_ descriptor: Descriptor) throws(CodecError) {
    guard case .file(_, .write) = self else { return }
    let result = descriptor.withFileDescriptor { ftruncate($0.rawValue, 0) }
    // What is no file has nothing to be emptied.
    if result != 0 && errno != EINVAL {
      throw CodecError(.json, "cannot open \(action): \(Errno(rawValue: errno))")
    }
  }

  private func attempt() throws(Errno) -> Descriptor {
    switch self {
    case .file(let path, let mode): try Self.open(path, mode)
    case .directory(let path): try .open(FilePath(path), options: .directory)
    case .path(let path): try .open(FilePath(path), options: .pathOnly)
    case .number(let number): try Self.inherited(number)
    case .text(let text): try .memory(Array(text.utf8), name: "text", sealed: true)
    case .memory(let path): try Self.memory(path)
    }
  }

  private static func open(_ path: String, _ mode: FileMode) throws(Errno) -> Descriptor {
    let path = FilePath(path)
    let shared = FilePermissions(rawValue: 0o666)
    switch mode {
    case .read: return try .open(path)
    case .write:
      return try .open(path, access: .writeOnly, options: .create, permissions: shared)
    case .readWrite:
      return try .open(path, access: .readWrite, options: .create, permissions: shared)
    case .append:
      return try .open(path, access: .writeOnly, options: [.create, .append], permissions: shared)
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
    let file = try Descriptor.open(FilePath(path))
    let name = FilePath(path).lastComponent?.string ?? "memory"
    let memory = try Descriptor.memory(name: String(decoding: name.utf8.prefix(200), as: UTF8.self))
    try ContentCopy(of: file).write { (bytes, offset) throws(Errno) in
      if Int(offset) + bytes.count > mostMemory { throw .fileTooLarge }
      try memory.write(bytes, at: offset)
    }
    try memory.add([.write, .shrink, .grow, .seal])
    return memory
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
