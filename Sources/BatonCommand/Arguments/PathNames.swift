import Glibc

/// Names of files, for completions.
enum PathNames {
  /// The paths that begin with `prefix`, in alphabetic order; folders end in a slash. Hidden files
  /// only where the prefix asks for them.
  static func beginning(with prefix: String) -> [String] {
    let folder = prefix.lastIndex(of: "/").map { prefix[...$0] } ?? ""
    let start = prefix[folder.endIndex...]
    return entries(of: folder.isEmpty ? "." : String(folder))
      .filter { $0.name.hasPrefix(start) && ($0.name.first != "." || start.first == ".") }
      .map { folder + $0.name + ($0.isFolder ? "/" : "") }.sorted()
  }

  /// The names in the folders of PATH that begin with `prefix` and can be executed (access(2)).
  static func programs(beginningWith prefix: String) -> [String] {
    let folders = (Environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let names = folders.flatMap { folder in
      entries(of: folder)
        .filter { $0.name.hasPrefix(prefix) && access("\(folder)/\($0.name)", X_OK) == 0 }
        .map(\.name)
    }
    return Set(names).sorted()
  }

  /// readdir(3), without `.` and `..`.
  private static func entries(of folder: String) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var entries: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      entries.append((name, Int(entry.pointee.d_type) == DT_DIR))
    }
    return entries
  }
}
