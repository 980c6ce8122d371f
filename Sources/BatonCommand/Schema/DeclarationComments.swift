import BatonMessages

/// What a schema's author wrote about each declaration, and where, by the declaration's path.
///
/// A path is that of `google.protobuf.SourceCodeInfo`: field numbers and indices from the
/// FileDescriptorProto down, `[6, 0, 2, 1]` for the second method of the first service.
struct DeclarationComments {
  private var locations: [[Int32]: Location] = [:]

  init(_ file: FileDescriptorProto) {
    for location in file.sourceCodeInfo?.location ?? [] {
      locations[location.path] = locations[location.path] ?? location
    }
  }

  /// The blocks that stand alone before the declaration.
  func detached(_ path: [Int32]) -> [[String]] {
    (locations[path]?.leadingDetachedComments ?? []).map(Self.lines)
  }

  /// The block directly before the declaration.
  func leading(_ path: [Int32]) -> [String] {
    Self.lines(locations[path]?.leadingComments ?? "")
  }

  /// The block behind the declaration.
  func trailing(_ path: [Int32]) -> [String] {
    Self.lines(locations[path]?.trailingComments ?? "")
  }

  /// Sorts declarations as they stand in the source; those of unknown place go last, as they came.
  func sourceOrder(_ paths: [[Int32]]) -> [[Int32]] {
    let ranked = paths.enumerated().map { (rank: rank(of: $1, $0), path: $1) }
    return ranked.sorted { $0.rank < $1.rank }.map { $0.path }
  }

  private func rank(of path: [Int32], _ index: Int) -> (line: Int32, column: Int32, index: Int) {
    guard let span = locations[path]?.span, span.count >= 2 else { return (.max, 0, index) }
    return (span[0], span[1], index)
  }

  private static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line
      while line.last == " " { line.removeLast() }
      return String(line)
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
