internal import CBaton

/// A message to be packed, into which generated code puts the values slot by slot.
///
/// Valid only inside the `write(to:)` it was given to.
@frozen
public struct FieldWriter {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let layout: Unmanaged<MessageLayout>
  @usableFromInline let context: UnsafeMutableRawPointer

  struct Context {
    let arena: UnsafeMutablePointer<baton_arena>
    var descriptors: [Descriptor] = []
  }

  init(base: UnsafeMutableRawPointer, layout: MessageLayout, context: UnsafeMutablePointer<Context>)
  {
    self.base = base
    self.layout = .passUnretained(layout)
    self.context = UnsafeMutableRawPointer(context)
  }

  private var shared: UnsafeMutablePointer<Context> {
    context.assumingMemoryBound(to: Context.self)
  }

  /// `mark` is presence, or the number of the oneof's member that the value is.
  @inlinable
  func store<T>(_ slot: Int, _ value: T, _ mark: UInt32) {
    base.storeBytes(of: mark, toByteOffset: FieldReader.presence(slot), as: UInt32.self)
    base.storeBytes(of: value, toByteOffset: FieldReader.value(slot), as: T.self)
  }
  @inlinable
  func storeArray(_ slot: Int, _ start: UnsafeRawPointer, _ count: Int) {
    base.storeBytes(of: count, toByteOffset: FieldReader.presence(slot), as: Int.self)
    base.storeBytes(of: start, toByteOffset: FieldReader.value(slot), as: UnsafeRawPointer.self)
  }

  // Singular fields: zero and empty are left out. `optional` fields and a oneof's members pass what
  // to mark them with, and are written whatever they hold.

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
  public mutating func string(_ slot: Int, _ value: String, mark: UInt32? = nil) {
    if mark == nil && value.isEmpty { return }
    store(slot, keep(value), mark ?? 1)
  }
  public mutating func bytes(_ slot: Int, _ value: [UInt8], mark: UInt32? = nil) {
    if mark == nil && value.isEmpty { return }
    store(slot, keep(value), mark ?? 1)
  }
  public mutating func message<M: Message>(
    _ slot: Int, _ value: M?, mark: UInt32 = 1
  ) throws(CodecError) {
    guard let value else { return }
    store(slot, try make(slot, value, nil), mark)
  }

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
  public mutating func repeatedBool(_ slot: Int, _ values: [Bool]) {
    fill(slot, values) { $0 ? 1 : 0 as Int32 }
  }
  public mutating func repeatedEnumeration<E: Enumeration>(_ slot: Int, _ values: [E]) {
    fill(slot, values) { $0.rawValue }
  }
  public mutating func repeatedString(_ slot: Int, _ values: [String]) {
    fill(slot, values) { keep($0) }
  }
  public mutating func repeatedBytes(_ slot: Int, _ values: [[UInt8]]) {
    fill(slot, values) { keep($0) }
  }
  public mutating func repeatedMessage<M: Message>(_ slot: Int, _ values: [M]) throws(CodecError) {
    guard let pointers = room(slot, values.count, of: UnsafeMutableRawPointer.self) else { return }
    for index in values.indices { pointers[index] = try make(slot, values[index], index) }
  }

  /// A map's entries, in no order. `entry` writes the key to slot 0 and the value to slot 1.
  public mutating func map<Key: Hashable, Value>(
    _ slot: Int, _ values: [Key: Value], _ entryLayout: MessageLayout,
    _ entry: (inout FieldWriter, Key, Value) throws(CodecError) -> Void
  ) throws(CodecError) {
    guard let pointers = room(slot, values.count, of: UnsafeMutableRawPointer.self) else { return }
    var index = 0
    for (key, value) in values {
      var inner = FieldWriter(base: allocate(entryLayout), layout: entryLayout, sharing: self)
      do throws(CodecError) {
        try entry(&inner, key, value)
      } catch {
        throw error.inside(name(slot), at: index)
      }
      pointers[index] = inner.base
      index += 1
    }
  }

  /// Puts the descriptor into the message's table and its place into the field. The message keeps
  /// the handle until it has left.
  public mutating func descriptor(
    _ slot: Int, _ value: Descriptor?, mark: UInt32 = 1
  ) throws(CodecError) {
    guard let value else {
      if contract(slot, mark).required {
        throw CodecError(
          .descriptor, "expected a descriptor, got none", path: name(slot, mark))
      }
      return
    }
    store(slot, try place(slot, value, nil, mark), mark)
  }
  public mutating func repeatedDescriptor(_ slot: Int, _ values: [Descriptor]) throws(CodecError) {
    guard let places = room(slot, values.count, of: UInt32.self) else { return }
    for index in values.indices { places[index] = try place(slot, values[index], index, 1) }
  }

  public mutating func unknown(_ fields: UnknownFields) {
    if fields.isEmpty { return }
    let kept = keep(fields.bytes)
    if !baton_message_add_unknown(base, kept.start, kept.count, shared.pointee.arena) {
      outOfMemory()
    }
  }

  // MARK: Memory

  init(base: UnsafeMutableRawPointer, layout: MessageLayout, sharing outer: FieldWriter) {
    self.base = base
    self.layout = .passUnretained(layout)
    context = outer.context
  }

  func allocate(_ layout: MessageLayout) -> UnsafeMutableRawPointer {
    guard let message = baton_message_make(layout.pointer, shared.pointee.arena) else {
      outOfMemory()
    }
    return message
  }
  private func make<M: Message>(
    _ slot: Int, _ value: M, _ index: Int?
  ) throws(CodecError) -> UnsafeMutableRawPointer {
    var inner = FieldWriter(base: allocate(M.layout), layout: M.layout, sharing: self)
    do throws(CodecError) {
      try value.write(to: &inner)
    } catch {
      throw error.inside(name(slot), at: index)
    }
    return inner.base
  }

  /// Copies into the arena, as a value's storage may be anywhere once its closure returned.
  private func keep(_ bytes: [UInt8]) -> PackedBytes {
    bytes.withUnsafeBufferPointer { keep($0) }
  }
  private func keep(_ text: String) -> PackedBytes {
    if let kept = text.utf8.withContiguousStorageIfAvailable({ keep($0) }) { return kept }
    return keep(Array(text.utf8))
  }
  private func keep(_ source: UnsafeBufferPointer<UInt8>) -> PackedBytes {
    guard let start = source.baseAddress, source.count > 0 else {
      return PackedBytes(count: 0, start: nil)
    }
    guard let memory = baton_arena_allocate(shared.pointee.arena, source.count) else {
      outOfMemory()
    }
    memory.copyMemory(from: start, byteCount: source.count)
    return PackedBytes(
      count: source.count, start: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)))
  }

  /// Room for a repeated field's elements, which the caller fills; nil when there are none.
  func room<T>(_ slot: Int, _ count: Int, of type: T.Type) -> UnsafeMutablePointer<T>? {
    if count == 0 { return nil }
    let size = count * MemoryLayout<T>.stride
    guard let memory = baton_arena_allocate(shared.pointee.arena, size) else { outOfMemory() }
    storeArray(slot, memory, count)
    return memory.bindMemory(to: type, capacity: count)
  }
  private func fill<S, T>(_ slot: Int, _ values: [S], _ element: (S) -> T) {
    guard let room = room(slot, values.count, of: T.self) else { return }
    for index in values.indices { (room + index).initialize(to: element(values[index])) }
  }
  @usableFromInline
  func copy<T: BitwiseCopyable>(_ slot: Int, _ values: [T]) {
    fill(slot, values) { $0 }
  }
  /// The arena for writing has no bound but the process's own memory.
  private func outOfMemory() -> Never { fatalError("out of memory while encoding a message") }

  // MARK: Descriptors

  private func place(
    _ slot: Int, _ value: Descriptor, _ index: Int?, _ mark: UInt32
  ) throws(CodecError) -> UInt32 {
    do throws(CodecError) {
      try contract(slot, mark).check(value)
    } catch {
      throw error.inside(name(slot, mark), at: index)
    }
    shared.pointee.descriptors.append(value)
    return UInt32(shared.pointee.descriptors.count)
  }
  private func field(_ slot: Int, _ mark: UInt32) -> FieldLayout? {
    let layout = layout._withUnsafeGuaranteedRef { $0 }
    let first = layout.field(inSlot: slot)
    guard case .oneof = first?.cardinality else { return first }
    return layout.field(inSlot: slot, number: mark)
  }
  private func contract(_ slot: Int, _ mark: UInt32) -> DescriptorContract {
    if case .descriptor(let contract)? = field(slot, mark)?.type { return contract }
    return DescriptorContract()
  }
  private func name(_ slot: Int, _ mark: UInt32 = 1) -> String { field(slot, mark)?.name ?? "?" }
}
