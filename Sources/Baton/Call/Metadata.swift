/// What callers and servers say beside messages, as gRPC has it: keys with text, or, where the key
/// ends in `-bin`, with bytes. A key may stand there more than once.
///
/// A key is 1 to 256 of a-z, 0-9, `-`, `_` and `.`; text is printable ASCII. What is sent is
/// checked: what does not keep to this is INVALID_ARGUMENT, and more than 60,000 bytes sent at once
/// are RESOURCE_EXHAUSTED, each entry counting 8 more than its key and value have.
public struct Metadata: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  public enum Value: Sendable, Hashable {
    case text(String)
    case bytes([UInt8])
  }

  /// In the order they were added.
  public var entries: [Entry]

  public init(_ entries: [Entry] = []) {
    self.entries = entries
  }

  public var isEmpty: Bool { entries.isEmpty }

  /// The first text of a key. Setting it replaces all values of the key; nil removes them.
  public subscript(key: String) -> String? {
    get {
      for entry in entries where entry.key == key {
        if case .text(let text) = entry.value { return text }
      }
      return nil
    }
    set {
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key, .text(newValue))) }
    }
  }

  /// The first bytes of a key, which ends in `-bin`. Setting them replaces all values of the key.
  public subscript(bytes key: String) -> [UInt8]? {
    get {
      for entry in entries where entry.key == key {
        if case .bytes(let bytes) = entry.value { return bytes }
      }
      return nil
    }
    set {
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key, .bytes(newValue))) }
    }
  }

  /// Every value of a key.
  public func values(of key: String) -> [Value] {
    entries.filter { $0.key == key }.map(\.value)
  }

  public mutating func add(_ text: String, for key: String) {
    entries.append(Entry(key, .text(text)))
  }
  public mutating func add(bytes: [UInt8], for key: String) {
    entries.append(Entry(key, .bytes(bytes)))
  }
}

extension Metadata: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, Value)...) {
    entries = elements.map { Entry($0, $1) }
  }
}

extension Metadata.Value: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) { self = .text(text) }
}

extension Metadata.Value: ExpressibleByArrayLiteral {
  public init(arrayLiteral bytes: UInt8...) { self = .bytes(bytes) }
}

// MARK: The wire

extension Metadata {
  private static let mostBytes = 60_000

  /// Throws what is wrong with it.
  func wire() throws(RPCError) -> [WireMetadataEntry] {
    var size = 0
    var wire: [WireMetadataEntry] = []
    for entry in entries {
      let entry = try entry.wire()
      size += entry.key.utf8.count + entry.value.count + 8
      wire.append(entry)
    }
    if size > Self.mostBytes {
      throw RPCError(
        .resourceExhausted, "expected at most \(Self.mostBytes) bytes of metadata, got \(size)")
    }
    return wire
  }

  init(_ wire: [WireMetadataEntry]) throws(ProtocolError) {
    entries = []
    for entry in wire {
      if let fault = entry.fault { throw ProtocolError(fault) }
      entries.append(
        Entry(
          entry.key,
          entry.key.hasSuffix("-bin")
            ? .bytes(entry.value) : .text(String(decoding: entry.value, as: UTF8.self))))
    }
  }
}

extension Metadata.Entry {
  /// Whether it may be sent.
  package var isAllowed: Bool { (try? wire()) != nil }

  /// Throws what is wrong with it.
  fileprivate func wire() throws(RPCError) -> WireMetadataEntry {
    let isBinary = key.hasSuffix("-bin")
    let bytes: [UInt8]
    switch value {
    case .text(let text) where !isBinary: bytes = Array(text.utf8)
    case .bytes(let value) where isBinary: bytes = value
    default:
      throw RPCError(
        .invalidArgument,
        "metadata \(key): expected \(isBinary ? "bytes, as a key has that ends in -bin" : "text, as only a key that ends in -bin has bytes")"
      )
    }
    let entry = WireMetadataEntry(key: key, value: bytes)
    if let fault = entry.fault { throw RPCError(.invalidArgument, fault) }
    return entry
  }
}

extension WireMetadataEntry {
  /// What does not keep to the specification.
  fileprivate var fault: String? {
    let bytes = key.utf8
    let isKey = bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isKey, (1...256).contains(bytes.count) else {
      return "expected a metadata key of 1 to 256 of a-z, 0-9, -, _ and ., got \"\(key)\""
    }
    if key.hasSuffix("-bin") || value.allSatisfy({ (0x20...0x7e).contains($0) }) { return nil }
    return "metadata \(key): expected printable ASCII; bytes need a key with -bin at its end"
  }
}
