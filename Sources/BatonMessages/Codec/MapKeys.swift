// Keys that a dictionary of Swift does not hold as protobuf means them, which compares bytes.

extension FieldReader {
  /// Combining marks in a row that a key may have, as in Unicode's Stream-Safe Text Format (UAX #15,
  /// section 13). Swift sorts a run of them to hash it, in a time that grows with its square: 64 KiB
  /// took 0.4 seconds.
  static var mostMarks: Int { 30 }

  /// Bytes of a key that cannot have too many marks, as no byte is more than one.
  @usableFromInline
  static var unsuspicious: Int { 30 }

  /// Looks at the key of this entry, which is a string, before it is hashed.
  @inlinable
  func checkKey() throws(CodecError) {
    let key = load(0, as: LentBytes.self)
    if key.count > Self.unsuspicious { try checkLongKey(key) }
  }

  @usableFromInline
  func checkLongKey(_ key: LentBytes) throws(CodecError) {
    // What has a lead byte below this is below U+0300, where marks begin.
    let bytes = UnsafeBufferPointer(start: key.start, count: key.count)
    guard bytes.contains(where: { $0 >= 0xcc }) else { return }
    var marks = 0
    for scalar in key.string.unicodeScalars {
      let more = scalar.combiningMarks
      marks = more == 0 ? 0 : marks + more
      if marks > Self.mostMarks {
        throw CodecError(
          .mapKey, "expected at most \(Self.mostMarks) combining marks in a row in a map's key")
      }
    }
  }

  /// Looks for keys that a dictionary took for the same though their bytes differ.
  @usableFromInline
  func checkDuplicates<Key, Value>(
    _ slot: Int, _ map: [Key: Value]
  ) throws(CodecError) {
    guard let map = map as? [String: Value] else { return }
    for (index, entry) in elements(slot, as: UnsafeRawPointer.self).enumerated() {
      let key = FieldReader(base: entry, context: context).load(0, as: LentBytes.self).string
      guard let held = map.index(forKey: key), !map[held].key.isExactly(key) else { continue }
      let same = CodecError(
        .mapKey,
        "the key is the same to Swift as one before, as only Unicode's normalisation tells them apart"
      )
      throw locate(same, slot, index)
    }
  }
}

extension Unicode.Scalar {
  /// How many combining marks the scalar is when it is decomposed, unless it begins with a letter.
  fileprivate var combiningMarks: Int {
    switch value {
    case 0..<0x300: 0
    // The only ones that are several; the latter three are not of a combining class themselves.
    case 0x344, 0xf73, 0xf75, 0xf81: 2
    default: properties.canonicalCombiningClass == .notReordered ? 0 : 1
    }
  }
}
