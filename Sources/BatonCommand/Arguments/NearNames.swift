/// The names that somebody who typed a wrong one may have meant.
package enum NearNames {
  /// At most `most` of `names`, nearest first.
  package static func nearest(_ wanted: String, among names: [String], most: Int = 5) -> [String] {
    // What is much longer than any name comes near none, and comparing takes as long as both are.
    let wanted = String(wanted.unicodeScalars.prefix(200))
    let ranked = names.map { (distance($0.lowercased(), wanted.lowercased()), $0) }
    return ranked.sorted { $0 < $1 }.prefix(most).map(\.1)
  }

  /// The tail of an error message that says what there is: nearest first.
  package static func list(_ wanted: String, among names: [String]) -> String {
    let near = nearest(wanted, among: names)
    if near.isEmpty { return "nothing" }
    let rest = names.count - near.count
    return near.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  /// Levenshtein's distance, in scalars.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.unicodeScalars)
    var row = Array(0...right.count)
    for (i, a) in left.unicodeScalars.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return row[right.count]
  }
}
