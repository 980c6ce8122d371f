internal import CBaton

/// A message that was read, from which generated code takes the values slot by slot.
///
/// Valid only inside the `init(from:)` it was given to.
@frozen
public struct FieldReader {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let context: UnsafeMutablePointer<ReadingContext>

  @inlinable
  init(base: UnsafeRawPointer, context: UnsafeMutablePointer<ReadingContext>) {
    self.base = base
    self.context = context
  }

  /// 24 bytes of protobuf-c's base, then 24 bytes a slot: presence, count or case in the first 8,
  /// the value in the rest (`BATON_SLOT_BASE`, `BATON_SLOT_SIZE`, `BATON_SLOT_VALUE`).
  @inlinable
  static func presence(_ slot: Int) -> Int { 24 + 24 * slot }
  @inlinable
  static func value(_ slot: Int) -> Int { 24 + 24 * slot + 8 }

  @inlinable
  func load<T: BitwiseCopyable>(_ slot: Int, as type: T.Type) -> T {
    base.load(fromByteOffset: Self.value(slot), as: type)
  }
  /// How many elements a repeated field has.
  @inlinable
  func count(_ slot: Int) -> Int {
    base.load(fromByteOffset: Self.presence(slot), as: Int.self)
  }
  /// The elements of a repeated field as they lie in memory.
  @inlinable
  func elements<T: BitwiseCopyable>(_ slot: Int, as type: T.Type) -> UnsafeBufferPointer<T> {
    let start = load(slot, as: UnsafeRawPointer?.self)
    return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: type), count: count(slot))
  }

  /// Whether the field came.
  @inlinable
  public func has(_ slot: Int) -> Bool { oneof(slot) != 0 }
  /// The number of the member that a oneof holds; zero for none.
  @inlinable
  public func oneof(_ slot: Int) -> UInt32 {
    base.load(fromByteOffset: Self.presence(slot), as: UInt32.self)
  }

  // MARK: Singular

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
  public func string(_ slot: Int) throws(CodecError) -> String {
    load(slot, as: LentBytes.self).string
  }
  @inlinable
  public func bytes(_ slot: Int) -> [UInt8] { array(load(slot, as: LentBytes.self)) }

  /// The message in a singular field or a oneof's member.
  @inlinable
  public func message<M: Message>(_ slot: Int, as type: M.Type = M.self) throws(CodecError) -> M? {
    guard let inner = load(slot, as: UnsafeRawPointer?.self) else { return nil }
    var fields = FieldReader(base: inner, context: context)
    do throws(CodecError) {
      return try M(from: &fields)
    } catch {
      throw locate(error, slot, nil)
    }
  }

  /// The message in a map's entry, where one that is absent is empty.
  @inlinable
  public func messageOrEmpty<M: Message>(
    _ slot: Int, as type: M.Type = M.self
  ) throws(CodecError) -> M {
    if let message = try message(slot, as: type) { return message }
    do throws(CodecError) {
      return try M(decoding: [])
    } catch {
      throw locate(error, slot, nil)
    }
  }

  // MARK: Repeated

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
  public func repeatedString(_ slot: Int) throws(CodecError) -> [String] {
    elements(slot, as: LentBytes.self).map(\.string)
  }
  public func repeatedBytes(_ slot: Int) -> [[UInt8]] {
    elements(slot, as: LentBytes.self).map { array($0) }
  }

  @inlinable
  func array(_ lent: LentBytes) -> [UInt8] {
    if lent.count >= FieldApart.worthwhile { return longArray(lent) }
    return Array(UnsafeBufferPointer(start: lent.start, count: lent.count))
  }
  @usableFromInline
  func longArray(_ lent: LentBytes) -> [UInt8] {
    context.pointee.apart?._withUnsafeGuaranteedRef { $0.array(lent) } ?? lent.longArray
  }

  @inlinable
  public func repeatedMessage<M: Message>(
    _ slot: Int, as type: M.Type = M.self
  ) throws(CodecError) -> [M] {
    let inner = elements(slot, as: UnsafeRawPointer.self)
    var messages: [M] = []
    messages.reserveCapacity(inner.count)
    for index in inner.indices {
      var fields = FieldReader(base: inner[index], context: context)
      do throws(CodecError) {
        messages.append(try M(from: &fields))
      } catch {
        throw locate(error, slot, index)
      }
    }
    return messages
  }

  /// A map's entries, of which the last with a key counts. `entry` reads the key from slot 0 and
  /// the value from slot 1. Throws for keys that a dictionary does not hold as protobuf means them
  /// (``CodecError/Kind/mapKey``).
  @inlinable
  public func map<Key: Hashable, Value>(
    _ slot: Int, _ entryLayout: MessageLayout,
    _ entry: (inout FieldReader) throws(CodecError) -> (Key, Value)
  ) throws(CodecError) -> [Key: Value] {
    let inner = elements(slot, as: UnsafeRawPointer.self)
    var map: [Key: Value] = [:]
    map.reserveCapacity(inner.count)
    for index in inner.indices {
      var fields = FieldReader(base: inner[index], context: context)
      do throws(CodecError) {
        if Key.self == String.self { try fields.checkKey() }
        let (key, value) = try entry(&fields)
        map[key] = value
      } catch {
        throw locate(error, slot, index)
      }
    }
    if Key.self == String.self, map.count < inner.count { try checkDuplicates(slot, map) }
    return map
  }

  // MARK: Descriptors

  /// The descriptor whose place the field holds; nil when it holds zero. The caller owns it.
  public func descriptor(_ slot: Int) throws(CodecError) -> Descriptor? {
    let place = uint32(slot)
    if place == 0 {
      if contract(slot).required { throw missing(slot) }
      return nil
    }
    return try claim(place, slot, nil, contract(slot))
  }
  public func requiredDescriptor(_ slot: Int) throws(CodecError) -> Descriptor {
    guard let descriptor = try descriptor(slot) else { throw missing(slot) }
    return descriptor
  }
  public func repeatedDescriptor(_ slot: Int) throws(CodecError) -> [Descriptor] {
    let places = elements(slot, as: UInt32.self)
    if places.isEmpty { return [] }
    let contract = contract(slot)
    var descriptors: [Descriptor] = []
    descriptors.reserveCapacity(places.count)
    for index in places.indices {
      descriptors.append(try claim(places[index], slot, index, contract))
    }
    return descriptors
  }

  private func claim(
    _ place: UInt32, _ slot: Int, _ index: Int?, _ contract: DescriptorContract
  ) throws(CodecError) -> Descriptor {
    do throws(CodecError) {
      let descriptor = try context.pointee.descriptors.pointee.claim(place)
      if contract.isMetByAny { return descriptor }
      try contract.check(descriptor)
      if contract.excludesSockets { descriptor.neverLingers() }
      try context.pointee.descriptors.pointee.refuseTransport(descriptor, as: contract)
      return descriptor
    } catch {
      throw locate(error, slot, index)
    }
  }
  private func contract(_ slot: Int) -> DescriptorContract {
    MessageLayout.of(message: base)?.contract(inSlot: slot, member: oneof(slot))
      ?? DescriptorContract()
  }
  private func missing(_ slot: Int) -> CodecError {
    locate(CodecError(.descriptor, "expected a descriptor, got none"), slot, nil)
  }

  // MARK: Unknown fields

  /// What came that this schema does not know.
  @inlinable
  public func unknown() -> UnknownFields {
    // The count of unknown fields follows the pointer to the message's descriptor.
    if base.load(fromByteOffset: 8, as: UInt32.self) == 0 { return UnknownFields() }
    return unknownThatCame()
  }
  @usableFromInline
  func unknownThatCame() -> UnknownFields {
    context.pointee.sawUnknown = true
    let size = baton_unknown_size(base)
    return UnknownFields(
      bytes: [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        baton_unknown_copy(base, buffer.baseAddress)
        count = size
      })
  }

  // MARK: Errors

  /// The error as seen from this message, in whose field it happened.
  @usableFromInline
  func locate(_ error: CodecError, _ slot: Int, _ index: Int?) -> CodecError {
    error.inside(field(slot)?.name ?? "?", at: index)
  }
  private func field(_ slot: Int) -> FieldLayout? {
    MessageLayout.of(message: base)?.field(inSlot: slot, member: oneof(slot))
  }
}

/// Bytes that lie in the message that is read (protobuf-c's ProtobufCBinaryData).
@usableFromInline
struct LentBytes: BitwiseCopyable {
  @usableFromInline let count: Int
  @usableFromInline let start: UnsafePointer<UInt8>?

  /// If it is large, in large pages, whose faults cost less than a hundredth.
  var longArray: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let start, let memory = buffer.baseAddress else { return }
      baton_memory_advise(memory, count)
      memory.initialize(from: start, count: count)
      filled = count
    }
  }
  /// A string's bytes have been found to be UTF-8, so nothing is repaired here.
  @inlinable
  var string: String {
    String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  init(count: Int, start: UnsafePointer<UInt8>?) {
    self.count = count
    self.start = start
  }
}
