import Foundation

/// What protoc says, as compilers say it: the path of the file, line and column, then the error.
struct Complaints {
  let text: String

  /// `folders` are those that schemas are looked for in.
  init(_ said: String, folders: [String]) {
    let lines = said.split(separator: "\n").map(String.init)
    let missing = Set(lines.compactMap(Self.missingFile))
    text =
      lines.filter { Self.missingFile($0) == nil && !Self.advisesProto2($0) }
      .map { Self.rewritten($0, missing, folders) + "\n" }.joined()
  }

  /// A line that only repeats which file an import of another line lacks.
  private static func missingFile(_ line: String) -> String? {
    let end = ": File not found."
    return line.hasSuffix(end) ? String(line.dropLast(end.count)) : nil
  }

  /// protobuf's own warning where a file names no syntax. The generator refuses such a file, and says
  /// what it takes.
  private static func advisesProto2(_ line: String) -> Bool {
    line.hasPrefix("[libprotobuf WARNING") && line.contains("No syntax specified")
  }

  private static func rewritten(
    _ line: String, _ missing: Set<String>, _ folders: [String]
  ) -> String {
    let line = line.hasPrefix("--baton_out: ") ? String(line.dropFirst(13)) : line
    guard let match = line.wholeMatch(of: /([^:]+\.proto)((?::\d+)*): (warning: )?(.*)/) else {
      return line
    }
    let path = folders.map { "\($0)/\(match.1)" }
      .first { FileManager.default.isReadableFile(atPath: $0) }
    let kind = match.3 == nil ? "error" : "warning"
    return "\(path ?? String(match.1))\(match.2): \(kind): "
      + reason(String(match.4), missing, folders)
  }

  private static func reason(
    _ text: String, _ missing: Set<String>, _ folders: [String]
  ) -> String {
    if let option = text.wholeMatch(of: /Option "\((baton\..*)\)" unknown\..*/) {
      let options = ["baton.descriptor", "baton.swift_prefix"]
      return options.contains(String(option.1))
        ? "(\(option.1)) is not known here: add import \"baton/options.proto\";"
        : "(\(option.1)) is no option; baton/options.proto has "
          + options.map { "(\($0))" }.joined(separator: " and ")
    }
    guard let match = text.wholeMatch(of: /Import "(.*)" was not found or had errors\./),
      missing.contains(String(match.1))
    else { return text }
    return "\(match.1) was not found in \(folders.joined(separator: ", "))"
  }
}

/// Why protoc was not run.
struct Complaint: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
