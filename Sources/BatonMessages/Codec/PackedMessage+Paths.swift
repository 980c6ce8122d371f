extension PackedMessage {
  /// The field that names a descriptor by its place, `files[3].content`; nil where none does.
  package func path(ofDescriptor place: Int) -> String? {
    guard let place = UInt32(exactly: place) else { return nil }
    return MessageLayout.of(message: message)?.path(of: place, in: message)
  }
}

extension MessageLayout {
  fileprivate func path(of place: UInt32, in message: UnsafeRawPointer) -> String? {
    for (field, slot) in zip(fields, slots) {
      if let path = field.path(of: place, in: message, slot) { return path }
    }
    return nil
  }
}

extension FieldLayout {
  fileprivate func path(of place: UInt32, in message: UnsafeRawPointer, _ slot: Int) -> String? {
    switch type {
    case .descriptor:
      return values(message, slot, as: UInt32.self).firstIndex(of: place).map(name(at:))
    case .message(let inner):
      let messages = values(message, slot, as: UnsafeRawPointer?.self)
      for (index, message) in messages.enumerated() {
        guard let message, let path = inner().path(of: place, in: message) else { continue }
        return "\(name(at: index)).\(path)"
      }
      return nil
    default: return nil
    }
  }

  private func name(at index: Int) -> String { isRepeated ? "\(name)[\(index)]" : name }

  /// What the field holds: as many values as there are elements, or one, or none.
  private func values<T: BitwiseCopyable>(
    _ message: UnsafeRawPointer, _ slot: Int, as type: T.Type
  ) -> [T] {
    let value = message + FieldReader.value(slot)
    let count = message.load(fromByteOffset: FieldReader.presence(slot), as: Int.self)
    if isRepeated {
      let elements = value.load(as: UnsafeRawPointer?.self)?.assumingMemoryBound(to: type)
      return Array(UnsafeBufferPointer(start: elements, count: count))
    }
    // Presence, or the number of a oneof's member.
    let mark = UInt32(truncatingIfNeeded: count)
    if case .oneof = cardinality, mark != number { return [] }
    return mark == 0 ? [] : [value.load(as: type)]
  }
}
