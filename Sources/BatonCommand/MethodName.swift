/// A method's full name as it was typed: `files.v1.FileBroker/Open`, or with a dot in the slash's
/// place.
struct MethodName: Hashable {
  /// `files.v1.FileBroker`
  let service: String
  /// `Open`
  let method: String

  init(_ text: String) throws(Failure) {
    let separator = text.lastIndex(of: "/") ?? text.lastIndex(of: ".")
    guard let separator, separator > text.startIndex,
      text.index(after: separator) < text.endIndex
    else {
      throw .usage("expected a method such as files.v1.FileBroker/Open, got \"\(text)\"")
    }
    service = String(text[..<separator])
    method = String(text[text.index(after: separator)...])
  }

  /// `files.v1.FileBroker/Open`
  var full: String { "\(service)/\(method)" }
}
