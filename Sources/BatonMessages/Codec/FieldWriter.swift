internal import CBaton

/// A message to be packed, into which generated code puts the values slot by slot.
///
/// Valid only inside the `write(to:)` it was given to.
@frozen
public struct FieldWriter {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let context: UnsafeMutablePointer<WritingContext>
  /// The level of the message: the outermost is 1.
  @usableFromInline let depth: Int

  @inlinable
  init(base: UnsafeMutableRawPointer, context: UnsafeMutablePointer<WritingContext>, depth: Int) {
    self.base = base
    self.context = context
    self.depth = depth
  }

  /// `mark` is presence, or the number of the oneof's member that the value is.
  @inlinable
  func store<T: BitwiseCopyable>(_ slot: Int, _ value: T, _ mark: UInt32) {
    base.storeBytes(of: mark, toByteOffset: FieldReader.presence(slot), as: UInt32.self)
    base.storeBytes(of: value, toByteOffset: FieldReader.value(slot), as: T.self)
  }

  // MARK: Singular
  //
  // Zero and empty are left out. `optional` fields and a oneof's members pass what to mark them
  // with, and are written whatever they hold.

  @inlinable
  public mutating func int32(_ slot: Int, _ value: Int32, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value != 0 { store(slot, value, 1) }
  }
  @inlinable
  public mutating func int64(_ slot: Int, _ value: Int64, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value != 0 { store(slot, value, 1) }
  }
  @inlinable
  public mutating func uint32(_ slot: Int, _ value: UInt32, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value != 0 { store(slot, value, 1) }
  }
  @inlinable
  public mutating func uint64(_ slot: Int, _ value: UInt64, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value != 0 { store(slot, value, 1) }
  }
  /// Minus zero is not zero.
  @inlinable
  public mutating func float(_ slot: Int, _ value: Float, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value.bitPattern != 0 { store(slot, value, 1) }
  }
  /// Minus zero is not zero.
  @inlinable
  public mutating func double(_ slot: Int, _ value: Double, mark: UInt32? = nil) {
    if let mark { store(slot, value, mark) } else if value.bitPattern != 0 { store(slot, value, 1) }
  }
  @inlinable
  public mutating func bool(_ slot: Int, _ value: Bool, mark: UInt32? = nil) {
    int32(slot, value ? 1 : 0, mark: mark)
  }
  @inlinable
  public mutating func enumeration(_ slot: Int, _ value: some Enumeration, mark: UInt32? = nil) {
    int32(slot, value.rawValue, mark: mark)
  }
  @inlinable
  public mutating func string(_ slot: Int, _ value: String, mark: UInt32? = nil) {
    if mark == nil && value.utf8.isEmpty { return }
    store(slot, context.pointee.keep(value), mark ?? 1)
  }
  @inlinable
  public mutating func bytes(_ slot: Int, _ value: [UInt8], mark: UInt32? = nil) {
    if mark == nil && value.isEmpty { return }
    store(slot, context.pointee.keep(value), mark ?? 1)
  }
  /// Nil is left out. Throws what the message's own fields throw, and when messages nest deeper
  /// than a reader takes.
  @inlinable
  public mutating func message<M: Message>(
    _ slot: Int, _ value: M?, mark: UInt32 = 1
  ) throws(CodecError) {
    guard let value else { return }
    do throws(CodecError) {
      var inner = try nested(M.layout)
      try value.write(to: &inner)
      store(slot, inner.base, mark)
    } catch {
      throw locate(error, slot, mark, nil)
    }
  }

  // MARK: Repeated

  @inlinable
  public mutating func repeatedInt32(_ slot: Int, _ values: [Int32]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedInt64(_ slot: Int, _ values: [Int64]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedUInt32(_ slot: Int, _ values: [UInt32]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedUInt64(_ slot: Int, _ values: [UInt64]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedFloat(_ slot: Int, _ values: [Float]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedDouble(_ slot: Int, _ values: [Double]) { copy(slot, values) }
  @inlinable
  public mutating func repeatedBool(_ slot: Int, _ values: [Bool]) {
    fill(slot, values) { $0 ? 1 : 0 as Int32 }
  }
  @inlinable
  public mutating func repeatedEnumeration<E: Enumeration>(_ slot: Int, _ values: [E]) {
    fill(slot, values) { $0.rawValue }
  }
  @inlinable
  public mutating func repeatedString(_ slot: Int, _ values: [String]) {
    fill(slot, values) { context.pointee.keep($0) }
  }
  @inlinable
  public mutating func repeatedBytes(_ slot: Int, _ values: [[UInt8]]) {
    fill(slot, values) { context.pointee.keep($0) }
  }
  @inlinable
  public mutating func repeatedMessage<M: Message>(_ slot: Int, _ values: [M]) throws(CodecError) {
    if values.isEmpty { return }
    let layout = M.layout
    let pointers = room(slot, values.count, of: UnsafeMutableRawPointer.self)
    for index in values.indices {
      do throws(CodecError) {
        var inner = try nested(layout)
        try values[index].write(to: &inner)
        pointers[index] = inner.base
      } catch {
        throw locate(error, slot, 1, index)
      }
    }
  }

  /// A map's entries, in no order. `entry` writes the key to slot 0 and the value to slot 1.
  @inlinable
  public mutating func map<Key: Hashable, Value>(
    _ slot: Int, _ values: [Key: Value], _ entryLayout: MessageLayout,
    _ entry: (inout FieldWriter, Key, Value) throws(CodecError) -> Void
  ) throws(CodecError) {
    if values.isEmpty { return }
    let pointers = room(slot, values.count, of: UnsafeMutableRawPointer.self)
    var index = 0
    for (key, value) in values {
      do throws(CodecError) {
        var inner = try nested(entryLayout)
        try entry(&inner, key, value)
        pointers[index] = inner.base
      } catch {
        throw locate(error, slot, 1, index)
      }
      index += 1
    }
  }

  // MARK: Descriptors

  /// Puts the descriptor into the message's table and its place into the field. The message keeps
  /// the handle until it has left.
  public mutating func descriptor(
    _ slot: Int, _ value: Descriptor?, mark: UInt32 = 1
  ) throws(CodecError) {
    guard let value else {
      if contract(slot, mark).required {
        let missing = CodecError(.descriptor, "expected a descriptor, got none")
        throw locate(missing, slot, mark, nil)
      }
      return
    }
    try check(value, contract(slot, mark), slot, nil, mark)
    store(slot, context.pointee.add(value), mark)
  }
  public mutating func repeatedDescriptor(_ slot: Int, _ values: [Descriptor]) throws(CodecError) {
    if values.isEmpty { return }
    let contract = contract(slot, 1)
    if !contract.isMetByAny {
      for index in values.indices { try check(values[index], contract, slot, index, 1) }
    }
    let places = room(slot, values.count, of: UInt32.self)
    let first = context.pointee.add(values)
    for index in values.indices { places[index] = first + UInt32(index) }
  }

  private func check(
    _ value: Descriptor, _ contract: DescriptorContract, _ slot: Int, _ index: Int?, _ mark: UInt32
  ) throws(CodecError) {
    if contract.isMetByAny { return }
    do throws(CodecError) {
      try contract.check(value)
    } catch {
      throw locate(error, slot, mark, index)
    }
  }
  private func contract(_ slot: Int, _ mark: UInt32) -> DescriptorContract {
    MessageLayout.of(message: base)?.contract(inSlot: slot, member: mark) ?? DescriptorContract()
  }

  // MARK: Unknown fields

  /// Writes them behind the known ones.
  @inlinable
  public mutating func unknown(_ fields: UnknownFields) {
    if !fields.isEmpty { add(fields.bytes) }
  }
  @usableFromInline
  func add(_ unknown: [UInt8]) {
    let kept = context.pointee.keep(unknown)
    if !baton_message_add_unknown(base, kept.start, kept.count, context.pointee.arena) {
      WritingContext.outOfMemory()
    }
  }

  // MARK: Memory

  /// A message inside this one, empty.
  @usableFromInline
  func nested(_ layout: MessageLayout) throws(CodecError) -> FieldWriter {
    let limit = CodecLimits.defaultNesting
    if depth == limit {
      throw CodecError(.limit, "expected at most \(limit) levels of messages, as a reader takes")
    }
    let message = context.pointee.make(layout)
    return FieldWriter(base: message, context: context, depth: depth + 1)
  }
  /// Room for a repeated field's elements, which the caller fills.
  @inlinable
  func room<T: BitwiseCopyable>(
    _ slot: Int, _ count: Int, of type: T.Type
  ) -> UnsafeMutablePointer<T> {
    let memory = context.pointee.room(count, MemoryLayout<T>.stride)
    base.storeBytes(of: count, toByteOffset: FieldReader.presence(slot), as: Int.self)
    base.storeBytes(
      of: memory, toByteOffset: FieldReader.value(slot), as: UnsafeMutableRawPointer.self)
    return memory.bindMemory(to: type, capacity: count)
  }
  @inlinable
  func fill<S, T: BitwiseCopyable>(_ slot: Int, _ values: [S], _ element: (S) -> T) {
    if values.isEmpty { return }
    let room = room(slot, values.count, of: T.self)
    for index in values.indices { room[index] = element(values[index]) }
  }
  @inlinable
  func copy<T: BitwiseCopyable>(_ slot: Int, _ values: [T]) {
    fill(slot, values) { $0 }
  }

  // MARK: Errors

  /// The error as seen from this message, in whose field it happened.
  @usableFromInline
  func locate(_ error: CodecError, _ slot: Int, _ mark: UInt32, _ index: Int?) -> CodecError {
    error.inside(field(slot, mark)?.name ?? "?", at: index)
  }
  private func field(_ slot: Int, _ mark: UInt32) -> FieldLayout? {
    MessageLayout.of(message: base)?.field(inSlot: slot, member: mark)
  }
}
