internal import CBaton

/// An unpacked message, from which generated code takes the values slot by slot.
///
/// Valid only inside the `init(from:)` it was given to.
@frozen
public struct FieldReader {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let layout: Unmanaged<MessageLayout>
  @usableFromInline let context: UnsafeMutableRawPointer

  struct Context {
    let descriptors: UnsafeMutablePointer<ReceivedDescriptors>
    var sawUnknown: Bool
  }

  init(base: UnsafeRawPointer, layout: MessageLayout, context: UnsafeMutablePointer<Context>) {
    self.base = base
    self.layout = .passUnretained(layout)
    self.context = UnsafeMutableRawPointer(context)
  }

  private var shared: UnsafeMutablePointer<Context> {
    context.assumingMemoryBound(to: Context.self)
  }

  /// 24 bytes of protobuf-c's base, then 24 bytes a slot: presence, count or case in the first 8,
  /// the value in the rest (`BATON_SLOT_BASE`, `BATON_SLOT_SIZE`, `BATON_SLOT_VALUE`).
  @inlinable
  static func presence(_ slot: Int) -> Int { 24 + 24 * slot }
  @inlinable
  static func value(_ slot: Int) -> Int { 24 + 24 * slot + 8 }

  @inlinable
  func load<T>(_ slot: Int, as type: T.Type) -> T {
    base.load(fromByteOffset: Self.value(slot), as: type)
  }
  @inlinable
  func count(_ slot: Int) -> Int {
    base.load(fromByteOffset: Self.presence(slot), as: Int.self)
  }
  /// The elements of a repeated field as they lie in memory.
  @inlinable
  func elements<T>(_ slot: Int, as type: T.Type) -> UnsafeBufferPointer<T> {
    let count = count(slot)
    guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
    let start = load(slot, as: UnsafeRawPointer.self)
    return UnsafeBufferPointer(start: start.assumingMemoryBound(to: type), count: count)
  }

  /// Whether the field came.
  @inlinable
  public func has(_ slot: Int) -> Bool {
    base.load(fromByteOffset: Self.presence(slot), as: Int32.self) != 0
  }
  /// The number of the member that a oneof holds; zero for none.
  @inlinable
  public func oneof(_ slot: Int) -> UInt32 {
    base.load(fromByteOffset: Self.presence(slot), as: UInt32.self)
  }

  @inlinable
  public func int32(_ slot: Int) -> Int32 { load(slot, as: Int32.self) }
  @inlinable
  public func int64(_ slot: Int) -> Int64 { load(slot, as: Int64.self) }
  @inlinable
  public func uint32(_ slot: Int) -> UInt32 { load(slot, as: UInt32.self) }
  @inlinable
  public func uint64(_ slot: Int) -> UInt64 { load(slot, as: UInt64.self) }
  @inlinable
  public func float(_ slot: Int) -> Float { load(slot, as: Float.self) }
  @inlinable
  public func double(_ slot: Int) -> Double { load(slot, as: Double.self) }
  @inlinable
  public func bool(_ slot: Int) -> Bool { load(slot, as: Int32.self) != 0 }
  @inlinable
  public func enumeration<E: Enumeration>(_ slot: Int, as type: E.Type = E.self) -> E {
    E(rawValue: load(slot, as: Int32.self))
  }

  @inlinable
  public func repeatedInt32(_ slot: Int) -> [Int32] { Array(elements(slot, as: Int32.self)) }
  @inlinable
  public func repeatedInt64(_ slot: Int) -> [Int64] { Array(elements(slot, as: Int64.self)) }
  @inlinable
  public func repeatedUInt32(_ slot: Int) -> [UInt32] { Array(elements(slot, as: UInt32.self)) }
  @inlinable
  public func repeatedUInt64(_ slot: Int) -> [UInt64] { Array(elements(slot, as: UInt64.self)) }
  @inlinable
  public func repeatedFloat(_ slot: Int) -> [Float] { Array(elements(slot, as: Float.self)) }
  @inlinable
  public func repeatedDouble(_ slot: Int) -> [Double] { Array(elements(slot, as: Double.self)) }
  @inlinable
  public func repeatedBool(_ slot: Int) -> [Bool] { elements(slot, as: Int32.self).map { $0 != 0 } }
  @inlinable
  public func repeatedEnumeration<E: Enumeration>(_ slot: Int, as type: E.Type = E.self) -> [E] {
    elements(slot, as: Int32.self).map { E(rawValue: $0) }
  }

  public func string(_ slot: Int) throws(CodecError) -> String {
    guard let text = load(slot, as: PackedBytes.self).string else { throw invalidUTF8(slot) }
    return text
  }
  public func repeatedString(_ slot: Int) throws(CodecError) -> [String] {
    let packed = elements(slot, as: PackedBytes.self)
    var strings: [String] = []
    strings.reserveCapacity(packed.count)
    for (index, bytes) in packed.enumerated() {
      guard let text = bytes.string else { throw invalidUTF8(slot, index) }
      strings.append(text)
    }
    return strings
  }
  public func bytes(_ slot: Int) -> [UInt8] { load(slot, as: PackedBytes.self).array }
  public func repeatedBytes(_ slot: Int) -> [[UInt8]] {
    elements(slot, as: PackedBytes.self).map(\.array)
  }

  /// The message in a singular field or a oneof's member.
  @inlinable
  public func message<M: Message>(_ slot: Int, as type: M.Type = M.self) throws(CodecError) -> M? {
    guard let inner = load(slot, as: UnsafeRawPointer?.self) else { return nil }
    return try message(slot, inner, nil)
  }
  /// The message in a map's entry, where one that is absent is empty.
  public func messageOrEmpty<M: Message>(
    _ slot: Int, as type: M.Type = M.self
  ) throws(CodecError) -> M {
    if let message = try message(slot, as: type) { return message }
    return try M(decoding: [])
  }
  @inlinable
  public func repeatedMessage<M: Message>(
    _ slot: Int, as type: M.Type = M.self
  ) throws(CodecError) -> [M] {
    let inner = elements(slot, as: UnsafeRawPointer.self)
    var messages: [M] = []
    messages.reserveCapacity(inner.count)
    for index in inner.indices { messages.append(try message(slot, inner[index], index)) }
    return messages
  }
  @usableFromInline
  func message<M: Message>(
    _ slot: Int, _ inner: UnsafeRawPointer, _ index: Int?
  ) throws(CodecError) -> M {
    var reader = FieldReader(base: inner, layout: M.layout, sharing: self)
    do throws(CodecError) {
      return try M(from: &reader)
    } catch {
      throw error.inside(name(slot), at: index)
    }
  }
  @usableFromInline
  init(base: UnsafeRawPointer, layout: MessageLayout, sharing outer: FieldReader) {
    self.base = base
    self.layout = .passUnretained(layout)
    context = outer.context
  }

  /// A map's entries, of which the last with a key counts. `entry` reads the key from slot 0 and
  /// the value from slot 1.
  @inlinable
  public func map<Key: Hashable, Value>(
    _ slot: Int, _ entryLayout: MessageLayout,
    _ entry: (inout FieldReader) throws(CodecError) -> (Key, Value)
  ) throws(CodecError) -> [Key: Value] {
    let entries = elements(slot, as: UnsafeRawPointer.self)
    var map: [Key: Value] = [:]
    map.reserveCapacity(entries.count)
    for index in entries.indices {
      var reader = FieldReader(base: entries[index], layout: entryLayout, sharing: self)
      do throws(CodecError) {
        let (key, value) = try entry(&reader)
        map[key] = value
      } catch {
        throw error.inside(name(slot), at: index)
      }
    }
    return map
  }

  /// The descriptor whose place the field holds; nil when it holds zero.
  public func descriptor(_ slot: Int) throws(CodecError) -> Descriptor? {
    let place = uint32(slot)
    if place == 0 {
      if contract(slot).required { throw missing(slot) }
      return nil
    }
    return try claim(place, slot, nil)
  }
  public func requiredDescriptor(_ slot: Int) throws(CodecError) -> Descriptor {
    guard let descriptor = try descriptor(slot) else { throw missing(slot) }
    return descriptor
  }
  public func repeatedDescriptor(_ slot: Int) throws(CodecError) -> [Descriptor] {
    let places = elements(slot, as: UInt32.self)
    var descriptors: [Descriptor] = []
    descriptors.reserveCapacity(places.count)
    for (index, place) in places.enumerated() {
      descriptors.append(try claim(place, slot, index))
    }
    return descriptors
  }

  /// What came that this schema does not know.
  public func unknown() -> UnknownFields {
    let size = baton_unknown_size(base)
    if size == 0 { return UnknownFields() }
    shared.pointee.sawUnknown = true
    return UnknownFields(
      bytes: [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        baton_unknown_copy(base, buffer.baseAddress)
        count = size
      })
  }

  /// Whether every descriptor found its field.
  func settle() throws(CodecError) {
    let left = shared.pointee.descriptors.pointee.unclaimedCount
    if left > 0 && !shared.pointee.sawUnknown {
      let count = shared.pointee.descriptors.pointee.count
      throw CodecError(
        .descriptor, "\(left) of the \(count) descriptors that came are named by no field")
    }
  }

  private func claim(
    _ place: UInt32, _ slot: Int, _ index: Int?
  ) throws(CodecError) -> Descriptor {
    do throws(CodecError) {
      let descriptor = try shared.pointee.descriptors.pointee.claim(place)
      try contract(slot).check(descriptor)
      return descriptor
    } catch {
      throw error.inside(name(slot), at: index)
    }
  }

  @usableFromInline
  func name(_ slot: Int) -> String {
    field(slot)?.name ?? "?"
  }
  private func field(_ slot: Int) -> FieldLayout? {
    let layout = layout._withUnsafeGuaranteedRef { $0 }
    let first = layout.field(inSlot: slot)
    guard case .oneof = first?.cardinality else { return first }
    return layout.field(inSlot: slot, number: oneof(slot))
  }
  private func contract(_ slot: Int) -> DescriptorContract {
    if case .descriptor(let contract)? = field(slot)?.type { return contract }
    return DescriptorContract()
  }
  private func missing(_ slot: Int) -> CodecError {
    CodecError(.descriptor, "expected a descriptor, got none", path: name(slot))
  }
  private func invalidUTF8(_ slot: Int, _ index: Int? = nil) -> CodecError {
    CodecError(.invalidUTF8, "expected UTF-8").inside(name(slot), at: index)
  }
}

/// protobuf-c's ProtobufCBinaryData.
@usableFromInline
struct PackedBytes {
  let count: Int
  let start: UnsafePointer<UInt8>?

  var array: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }
  var string: String? {
    String(validating: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }
}
