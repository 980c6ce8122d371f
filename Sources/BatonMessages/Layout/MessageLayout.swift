internal import CBaton
import Synchronization

/// A message type's fields as tables for protobuf-c, built once.
///
/// In memory every field has a slot, in the order of the fields' numbers; the members of a oneof
/// share the slot of the first. Generated code names fields by slot.
public final class MessageLayout: Sendable {
  /// The full name in the schema, `files.v1.OpenReply`.
  public let name: String
  /// Ascending by number.
  public let fields: [FieldLayout]
  /// The slot of each field.
  let slots: [Int]
  /// How many bytes a message packs to at most, not counting what is in its bytes, repeated,
  /// message and unknown fields.
  let bound: Int
  /// Of the fields whose contract asks for something, ascending by slot and member.
  private let contracts: [FieldContract]
  private let table: LayoutTable
  private let ready = Atomic(false)
  private let linking = Mutex(false)

  /// Builds the tables. `fields` may come in any order; their numbers must differ.
  public init(_ name: String, _ fields: [FieldLayout]) {
    self.name = name
    self.fields = fields.sorted { $0.number < $1.number }
    let assigned = Self.slots(of: self.fields)
    slots = assigned.slots
    contracts = FieldContract.all(of: self.fields, assigned)
    table = LayoutTable(name, self.fields, assigned)
    bound = baton_layout_bound(table.pointer)
    baton_layout_set_owner(table.pointer, Unmanaged.passUnretained(self).toOpaque())
  }

  /// The layout of a message in memory.
  static func of(message: UnsafeRawPointer) -> MessageLayout? {
    baton_message_owner(message).map {
      Unmanaged<MessageLayout>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// Ready for protobuf-c, together with every layout it leads to.
  var pointer: OpaquePointer {
    if !ready.load(ordering: .acquiring) { linkAll() }
    return table.pointer
  }

  /// The slot of each of `fields`, which ascend by number, and which slots are a oneof's.
  package static func slots(of fields: [FieldLayout]) -> (slots: [Int], shared: [Bool]) {
    var slots: [Int] = []
    var shared: [Bool] = []
    var oneofs: [Int: Int] = [:]
    for field in fields {
      guard case .oneof(let number) = field.cardinality else {
        slots.append(shared.count)
        shared.append(false)
        continue
      }
      let slot = oneofs[number] ?? shared.count
      if slot == shared.count { shared.append(true) }
      oneofs[number] = slot
      slots.append(slot)
    }
    return (slots, shared)
  }

  /// The field that a slot holds; of a oneof's slot the member with this number.
  func field(inSlot slot: Int, member: UInt32) -> FieldLayout? {
    for (index, field) in fields.enumerated() where slots[index] == slot {
      guard case .oneof = field.cardinality else { return field }
      if field.number == member { return field }
    }
    return nil
  }

  /// What the descriptor field that a slot holds asks for; of a oneof's slot the member with this
  /// number.
  func contract(inSlot slot: Int, member: UInt32) -> DescriptorContract {
    // By halves: a hostile schema has thousands, each of which is asked for.
    var low = 0
    var high = contracts.count
    while low < high {
      let middle = (low + high) / 2
      let found = contracts[middle]
      if found.slot == slot && (found.member ?? member) == member { return found.contract }
      if (found.slot, found.member ?? 0) < (slot, member) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return DescriptorContract()
  }

  /// Layouts lead to each other in circles, so all that can be reached are linked before the first
  /// is called ready.
  private func linkAll() {
    var seen: [ObjectIdentifier: MessageLayout] = [:]
    var waiting = [self]
    while let layout = waiting.popLast() {
      if seen.updateValue(layout, forKey: ObjectIdentifier(layout)) != nil { continue }
      waiting += layout.linkOwn()
    }
    ready.store(true, ordering: .releasing)
  }

  private func linkOwn() -> [MessageLayout] {
    let messages = fields.indices.compactMap { index -> (Int, MessageLayout)? in
      guard case .message(let layout) = fields[index].type else { return nil }
      return (index, layout())
    }
    linking.withLock { done in
      if done { return }
      for (index, layout) in messages { table.link(index, layout.table) }
      done = true
    }
    return messages.map(\.1)
  }
}

/// A descriptor field's contract, apart from the field: looking through fields costs more.
private struct FieldContract: Sendable {
  let slot: Int
  /// The number of a oneof's member.
  let member: UInt32?
  let contract: DescriptorContract

  static func all(
    of fields: [FieldLayout], _ assigned: (slots: [Int], shared: [Bool])
  ) -> [FieldContract] {
    let all: [FieldContract] = zip(fields, assigned.slots).compactMap { field, slot in
      guard case .descriptor(let contract) = field.type, contract != DescriptorContract() else {
        return nil
      }
      let member = assigned.shared[slot] ? field.number : nil
      return FieldContract(slot: slot, member: member, contract: contract)
    }
    return all.sorted { ($0.slot, $0.member ?? 0) < ($1.slot, $1.member ?? 0) }
  }
}

/// Owns the C side of a layout.
///
/// Sendable because the tables change only under MessageLayout's lock, before they are first read.
private final class LayoutTable: @unchecked Sendable {
  let pointer: OpaquePointer

  init(
    _ name: String, _ fields: [FieldLayout], _ assigned: (slots: [Int], shared: [Bool])
  ) {
    let rows = zip(fields, assigned.slots).map { field, slot in
      baton_field(
        number: field.number, slot: UInt32(slot), type: field.type.code,
        repeated: field.isRepeated, packed: field.isPacked, oneof: assigned.shared[slot],
        utf8: field.type.isString)
    }
    guard let made = baton_layout_make(name, rows, rows.count, assigned.shared.count) else {
      fatalError("out of memory while building the layout of \(name)")
    }
    pointer = made
  }

  func link(_ index: Int, _ other: LayoutTable) {
    baton_layout_link(pointer, index, other.pointer)
  }

  deinit { baton_layout_free(pointer) }
}

extension FieldLayout {
  fileprivate var isPacked: Bool {
    guard cardinality == .repeated else { return false }
    switch type {
    case .string, .bytes, .message: return false
    default: return true
    }
  }
}

extension FieldType {
  fileprivate var isString: Bool {
    if case .string = self { true } else { false }
  }

  fileprivate var code: UInt8 {
    let type =
      switch self {
      case .double: BATON_DOUBLE
      case .float: BATON_FLOAT
      case .int32: BATON_INT32
      case .int64: BATON_INT64
      case .uint32, .descriptor: BATON_UINT32
      case .uint64: BATON_UINT64
      case .sint32: BATON_SINT32
      case .sint64: BATON_SINT64
      case .fixed32: BATON_FIXED32
      case .fixed64: BATON_FIXED64
      case .sfixed32: BATON_SFIXED32
      case .sfixed64: BATON_SFIXED64
      case .bool: BATON_BOOL
      case .string, .bytes: BATON_BYTES
      case .enumeration: BATON_ENUM
      case .message: BATON_MESSAGE
      }
    return UInt8(type.rawValue)
  }
}
