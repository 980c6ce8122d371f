import BatonMessages
import Glibc
import SystemPackage

/// Copies what a descriptor of the reply holds to a file: `--save FIELD=PATH`. In the path, `{n}`
/// stands for the reply's number.
struct SaveOutput: Sendable {
  let field: String
  let path: String

  private static let place = "{n}"

  /// Whether each reply has a file of its own.
  var isNumbered: Bool { path.contains(Self.place) }

  init(_ text: String) throws(Failure) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
      text.index(after: equals) != text.endIndex
    else { throw .usage("expected --save FIELD=PATH, got \(text.quoted)") }
    field = String(text[..<equals])
    path = String(text[text.index(after: equals)...])
  }

  /// The file is made, or emptied first, as by a shell's `>`.
  func write(_ reply: DynamicMessage, number: Int = 1) throws(Failure) {
    let path = path.replacing(Self.place, with: "\(number)")
    let descriptors = try ReplyFields.descriptors(at: field, "--save", in: reply)
    guard let descriptor = descriptors.first, descriptors.count == 1 else {
      throw Failure(
        .output,
        "--save \(field.shortened): expected one descriptor, got \(descriptors.count); "
          + "name one as in \(field.shortened)[0]")
    }
    do throws(Errno) {
      let file = try Descriptor.open(
        DescriptorSource.whole(path), access: .writeOnly, options: .create,
        permissions: FilePermissions(rawValue: 0o666))
      try copy(descriptor, to: file)
    } catch {
      let why = error == .fileExists ? "it is the same file" : "\(error)"
      throw Failure(
        .output,
        "cannot save \(field.shortened), \(descriptor.phrase), to \(path.shortened): \(why)")
    }
  }

  private func copy(_ source: Descriptor, to file: Descriptor) throws(Errno) {
    let (one, other) = (try Self.status(source), try Self.status(file))
    // Emptying it would lose what is to be copied.
    if one.st_dev == other.st_dev && one.st_ino == other.st_ino { throw .fileExists }
    try file.withFileDescriptor { (number) throws(Errno) in
      if other.st_mode & S_IFMT == S_IFREG && ftruncate(number.rawValue, 0) != 0 {
        throw Errno(rawValue: errno)
      }
      try ContentCopy(of: source).write { (bytes, _) throws(Errno) in
        try StandardOutput.write(bytes, to: number)
      }
    }
  }

  private static func status(_ descriptor: Descriptor) throws(Errno) -> stat {
    var status = stat()
    let result = descriptor.withFileDescriptor { fstat($0.rawValue, &status) }
    if result != 0 { throw Errno(rawValue: errno) }
    return status
  }
}
