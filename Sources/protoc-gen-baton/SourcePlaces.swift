import BatonMessages

/// Where the parts of one schema file stand in its text, and the comments beside them.
///
/// A part is named by its path through FileDescriptorProto: field numbers and indices in turn.
struct SourcePlaces {
  private let file: String
  private let locations: [[Int32]: Location]

  init(_ file: FileDescriptorProto) {
    self.file = file.name ?? ""
    let all = file.sourceCodeInfo?.location ?? []
    locations = Dictionary(all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// `file:line:column`, both counted from one.
  func place(_ path: [Int32]) -> String {
    guard let span = locations[path]?.span, span.count >= 2 else { return file }
    return "\(file):\(span[0] + 1):\(span[1] + 1)"
  }

  /// The lines of the comments before and behind the part.
  func comment(_ path: [Int32]) -> [String] {
    guard let location = locations[path] else { return [] }
    let leading = Self.lines(location.leadingComments)
    let trailing = Self.lines(location.trailingComments)
    if leading.isEmpty || trailing.isEmpty { return leading + trailing }
    return leading + [""] + trailing
  }

  private static func lines(_ comment: String?) -> [String] {
    guard let comment else { return [] }
    var lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let text = line.first == " " ? line.dropFirst() : line
      return String(text.reversed().drop { $0.isWhitespace }.reversed())
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    while lines.first?.isEmpty == true { lines.removeFirst() }
    return lines
  }
}
