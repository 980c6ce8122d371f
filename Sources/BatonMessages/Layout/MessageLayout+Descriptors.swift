extension MessageLayout {
  /// The most descriptors that a message of this type can carry in fields it knows, messages inside
  /// it included: `Int.max` where a field repeats or a type holds itself.
  package var mostDescriptors: Int {
    var counts: [ObjectIdentifier: Int?] = [:]
    return count(within: carriers(), &counts)
  }

  /// The types of descriptors' carriers among those that this one leads to.
  private func carriers() -> Set<ObjectIdentifier> {
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
    var holders: [ObjectIdentifier: [ObjectIdentifier]] = [:]
    var found: [ObjectIdentifier] = []
    var waiting = [self]
    while let layout = waiting.popLast() {
      let id = ObjectIdentifier(layout)
      for field in layout.fields {
        switch field.type {
        case .descriptor: found.append(id)
        case .message(let inner):
          let inner = inner()
          holders[ObjectIdentifier(inner), default: []].append(id)
          if seen.insert(ObjectIdentifier(inner)).inserted { waiting.append(inner) }
        default: break
        }
      }
    }
    var carriers: Set<ObjectIdentifier> = []
    while let id = found.popLast() {
      if carriers.insert(id).inserted { found += holders[id] ?? [] }
    }
    return carriers
  }

  /// `counts` holds what was counted, and nil for what is being counted: a carrier that is met again
  /// within itself has no bound.
  private func count(
    within carriers: Set<ObjectIdentifier>, _ counts: inout [ObjectIdentifier: Int?]
  ) -> Int {
    let id = ObjectIdentifier(self)
    guard carriers.contains(id) else { return 0 }
    if let known = counts[id] { return known ?? .max }
    counts[id] = .some(nil)
    let total = total(within: carriers, &counts)
    counts[id] = total
    return total
  }

  private func total(
    within carriers: Set<ObjectIdentifier>, _ counts: inout [ObjectIdentifier: Int?]
  ) -> Int {
    var total = 0
    var oneofs: [Int: Int] = [:]
    for field in fields {
      let count = count(of: field, within: carriers, &counts)
      if count == 0 { continue }
      if field.isRepeated || count == .max { return .max }
      if case .oneof(let group) = field.cardinality {
        oneofs[group] = Swift.max(oneofs[group] ?? 0, count)
      } else {
        total = Self.sum(total, count)
      }
    }
    return oneofs.values.reduce(total, Self.sum)
  }

  private func count(
    of field: FieldLayout, within carriers: Set<ObjectIdentifier>,
    _ counts: inout [ObjectIdentifier: Int?]
  ) -> Int {
    switch field.type {
    case .descriptor: 1
    case .message(let inner): inner().count(within: carriers, &counts)
    default: 0
    }
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
