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

  /// Puts declarations of several kinds, each kind in its order, together as they stand in the
  /// source. Where only some have a known place, the others stay with their neighbours; a kind
  /// without any goes last.
  func sourceOrder(_ kinds: [[[Int32]]]) -> [[Int32]] {
    let ranked = zip(kinds.flatMap(ranks), kinds.joined()).enumerated().map {
      (rank: ($1.0.line, $1.0.column, $0), path: $1.1)
    }
    return ranked.sorted { $0.rank < $1.rank }.map { $0.path }
  }

  private typealias Place = (line: Int32, column: Int32)

  /// The place of each declaration of one kind: its own, or else that of the nearest before it, or
  /// else that of the first behind it.
  private func ranks(_ paths: [[Int32]]) -> [Place] {
    let own = paths.map { path -> Place? in
      guard let span = locations[path]?.span, span.count >= 2 else { return nil }
      return (span[0], span[1])
    }
    var last = own.lazy.compactMap(\.self).first ?? (.max, 0)
    return own.map { place in
      last = place ?? last
      return last
    }
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
