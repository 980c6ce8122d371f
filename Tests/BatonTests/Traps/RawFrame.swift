/// A frame with every field of its header in the test's hands.
struct RawFrame {
  var size: UInt32
  var kind: UInt8
  var flags: UInt8 = 0
  var descriptors: UInt16 = 0
  var call: UInt32 = 0
  var head: UInt32 = 0
  var method: UInt64 = 0
  var body: [UInt8]

  static let end: UInt8 = 1

  init(_ kind: UInt8, call: UInt32 = 0, flags: UInt8 = 0, head: [UInt8] = [], message: [UInt8] = [])
  {
    self.kind = kind
    self.call = call
    self.flags = flags
    self.head = UInt32(head.count)
    body = head + message
    size = UInt32(body.count)
  }

  /// The first frame of a well-behaved peer.
  static let hello = RawFrame(
    1, head: [0x08, 1, 0x10, 1, 0x18, 0xe0, 0xff, 0x0c, 0x20, 0xfd, 0x01])
  /// The first frame of a peer that takes streams and large messages: what may be on its way to it on
  /// each stream, and the largest message.
  static func hello(
    messages: UInt64, bytes: UInt64, descriptors: UInt64, largestMessage: UInt64 = 0
  ) -> RawFrame {
    let window = field(1, messages) + field(2, bytes) + field(3, descriptors)
    return RawFrame(
      1, head: hello.body + [0x32, UInt8(window.count)] + window + field(7, largestMessage))
  }
  /// Nothing more comes from this peer.
  static let goodbye = RawFrame(6)

  /// A call of a method of ``ParcelService``.
  static func request(
    _ call: UInt32, _ method: String, message: [UInt8] = [], descriptors: Int = 0
  ) -> RawFrame {
    var frame = RawFrame(2, call: call, flags: end, message: message)
    frame.descriptors = UInt16(descriptors)
    frame.method = identity("traps.v1.Parcels/" + method)
    return frame
  }

  static func response(_ call: UInt32, message: [UInt8] = [], descriptors: Int = 0) -> RawFrame {
    var frame = RawFrame(3, call: call, flags: end, message: message)
    frame.descriptors = UInt16(descriptors)
    return frame
  }

  /// A call whose requests follow.
  static func stream(_ call: UInt32, _ method: String) -> RawFrame {
    request(call, method).with { $0.flags = 0 }
  }

  /// A message of a stream.
  static func message(_ call: UInt32, _ message: [UInt8] = [], descriptors: Int = 0) -> RawFrame {
    response(call, message: message, descriptors: descriptors).with { $0.flags = 0 }
  }

  static func fragment(
    _ call: UInt32, at offset: UInt64 = 0, _ message: [UInt8] = [], descriptors: Int = 0
  ) -> RawFrame {
    var frame = RawFrame(8, call: call, message: message)
    frame.method = offset
    frame.descriptors = UInt16(descriptors)
    return frame
  }

  static func finish(_ call: UInt32) -> RawFrame { RawFrame(10, call: call, flags: end) }

  static func credit(
    _ call: UInt32, messages: UInt64 = 0, bytes: UInt64 = 0, descriptors: UInt64 = 0
  ) -> RawFrame {
    RawFrame(7, call: call, head: field(1, messages) + field(2, bytes) + field(3, descriptors))
  }

  static func status(_ call: UInt32, _ code: UInt8 = 0) -> RawFrame {
    RawFrame(4, call: call, flags: end, head: code == 0 ? [] : [8, code])
  }

  /// A varint field.
  private static func field(_ number: UInt8, _ value: UInt64) -> [UInt8] {
    var bytes = [number << 3]
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func cancel(_ call: UInt32) -> RawFrame { RawFrame(5, call: call) }

  func with(_ change: (inout RawFrame) -> Void) -> RawFrame {
    var copy = self
    change(&copy)
    return copy
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func append(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    append(size)
    append(kind)
    append(flags)
    append(descriptors)
    append(call)
    append(head)
    append(method)
    return bytes + body + Array(repeating: 0, count: -body.count & 7)
  }

  /// FNV-1a of the method's full name.
  static func identity(_ name: String) -> UInt64 {
    name.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }
}

/// A frame that a raw peer received, as far as tests look at it.
struct ReceivedFrame {
  let kind: UInt8
  let call: UInt32
  let head: [UInt8]
  let message: [UInt8]

  /// The frames of a packet that is well formed.
  static func all(in packet: [UInt8]) -> [ReceivedFrame] {
    var frames: [ReceivedFrame] = []
    var rest = packet[...]
    while rest.count >= 24 {
      func number(_ at: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(rest[rest.startIndex + at + $1]) << (8 * $1) }
      }
      let body = rest.dropFirst(24).prefix(number(0))
      frames.append(
        ReceivedFrame(
          kind: rest[rest.startIndex + 4], call: UInt32(number(8)),
          head: Array(body.prefix(number(12))), message: Array(body.dropFirst(number(12)))))
      rest = rest.dropFirst(24 + (number(0) + 7) & ~7)
    }
    return frames
  }

  /// The code of a STATUS: the number of the field 1, absent when 0.
  var code: Int { kind == 4 && head.first == 0x08 ? Int(head[1]) : 0 }
  /// The head as text, in which a status' message can be looked for.
  var text: String { String(decoding: head, as: UTF8.self) }
}
