import Synchronization

/// Where the layouts of a pool find each other. They hold it weakly, as recursive types would keep
/// each other alive for ever otherwise; the pool holds it together with the layouts.
final class LayoutLinks: Sendable {
  private let layouts = Mutex<[MessageLayout?]>([])

  func fill(_ layouts: [MessageLayout?]) {
    self.layouts.withLock { $0 = layouts }
  }

  fileprivate func layout(_ index: Int) -> MessageLayout? {
    layouts.withLock { $0[index] }
  }
}

extension FieldRecord {
  func layout(_ links: LayoutLinks) -> FieldLayout {
    FieldLayout(number, name, value.layout(links), cardinality.layout)
  }
}

extension FieldRecord.Cardinality {
  fileprivate var layout: FieldLayout.Cardinality {
    switch self {
    case .singular: .singular
    case .optional: .optional
    case .repeated(let packed): packed ? .repeated : .repeatedUnpacked
    case .map: .repeated
    case .oneof(let oneof): .oneof(oneof)
    }
  }
}

extension FieldRecord.Value {
  fileprivate func layout(_ links: LayoutLinks) -> FieldType {
    switch self {
    case .double: .double
    case .float: .float
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .sint32: .sint32
    case .sint64: .sint64
    case .fixed32: .fixed32
    case .fixed64: .fixed64
    case .sfixed32: .sfixed32
    case .sfixed64: .sfixed64
    case .bool: .bool
    case .string: .string
    case .bytes: .bytes
    case .enumeration: .enumeration
    case .descriptor(let contract): .descriptor(contract)
    case .message(let index):
      // A layout is asked for its fields' layouts only by way of a type, which holds the pool.
      .message { [weak links] in links?.layout(index) ?? MessageLayout("", []) }
    }
  }
}
