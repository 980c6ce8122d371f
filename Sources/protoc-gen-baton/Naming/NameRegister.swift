/// The names taken in one Swift scope.
struct NameRegister {
  private var taken: [String: (schemaName: String, place: String)] = [:]

  /// `schemaName` says whose name it is, for the refusal of a second owner.
  mutating func take(
    _ name: String, for schemaName: String, at place: String, remedy: String = "rename one of them"
  ) throws(Refusal) {
    if let other = taken[name] {
      throw Refusal(
        place,
        """
        \(schemaName) and \(other.schemaName) (\(other.place)) would both be named \(name) in \
        Swift; \(remedy)
        """)
    }
    taken[name] = (schemaName, place)
  }
}
