/// Rows of text under headings, each column as wide as its widest cell: the first to the left, the
/// others to the right.
struct Table {
  private var rows: [[String]]

  init(_ headings: [String]) {
    rows = [headings]
  }

  /// Adds a row, which may have fewer cells than there are headings.
  mutating func add(_ cells: [String]) {
    rows.append(cells)
  }

  var text: String {
    let widths = rows[0].indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + space : space + row[column]
      }
      return cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

/// `value` rounded to `places` decimals.
func decimal(_ value: Double, _ places: Int = 3) -> String {
  guard value.isFinite else { return "null" }
  let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
  let rounded = (value * scale).rounded()
  if places == 0 { return "\(Int(rounded))" }
  let whole = "\(Int(rounded.magnitude))"
  let digits = String(repeating: "0", count: max(0, places + 1 - whole.count)) + whole
  return (rounded < 0 ? "-" : "") + digits.dropLast(places) + "." + digits.suffix(places)
}
