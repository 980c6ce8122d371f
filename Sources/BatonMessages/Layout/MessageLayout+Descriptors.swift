extension MessageLayout {
  /// The most descriptors that a message of this type can carry in fields it knows, messages inside
  /// it included: `Int.max` where a field repeats or a type holds itself.
  package var mostDescriptors: Int {
    var open: Set<ObjectIdentifier> = []
    return count(&open)
  }

  private func count(_ open: inout Set<ObjectIdentifier>) -> Int {
    guard open.insert(ObjectIdentifier(self)).inserted else { return 0 }
    defer { open.remove(ObjectIdentifier(self)) }
    var total = 0
    var oneofs: [Int: Int] = [:]
    for field in fields {
      let count = count(of: field, &open)
      if count == 0 { continue }
      if field.isRepeated || count == .max { return .max }
      if case .oneof(let group) = field.cardinality {
        oneofs[group] = Swift.max(oneofs[group] ?? 0, count)
      } else {
        total += count
      }
    }
    total += oneofs.values.reduce(0, +)
    return total > 0 && holdsItself(&open) ? .max : total
  }

  private func count(of field: FieldLayout, _ open: inout Set<ObjectIdentifier>) -> Int {
    switch field.type {
    case .descriptor: 1
    case .message(let inner): inner().count(&open)
    default: 0
    }
  }

  /// Whether a message of this type may hold one that is open.
  private func holdsItself(_ open: inout Set<ObjectIdentifier>) -> Bool {
    var seen: Set<ObjectIdentifier> = []
    return reaches(open, &seen)
  }

  private func reaches(_ open: Set<ObjectIdentifier>, _ seen: inout Set<ObjectIdentifier>) -> Bool {
    for field in fields {
      guard case .message(let inner) = field.type else { continue }
      let layout = inner()
      if open.contains(ObjectIdentifier(layout)) { return true }
      if seen.insert(ObjectIdentifier(layout)).inserted && layout.reaches(open, &seen) {
        return true
      }
    }
    return false
  }
}
