import Baton
import BatonMessages
import Synchronization
import SystemPackage

/// The message of the service that the tests attack: a number, bytes, open files and sockets.
struct Parcel: Message {
  var number: UInt64
  var content: [UInt8]
  var files: [Descriptor]
  var sockets: [Descriptor] = []
  var unknownFields = UnknownFields()

  init(number: UInt64 = 0, content: [UInt8] = [], files: [Descriptor] = []) {
    self.number = number
    self.content = content
    self.files = files
  }

  static let layout = MessageLayout(
    "traps.v1.Parcel",
    [
      FieldLayout(1, "number", .uint64),
      FieldLayout(2, "content", .bytes),
      FieldLayout(3, "files", .descriptor(DescriptorContract()), .repeated),
      FieldLayout(4, "sockets", .descriptor(DescriptorContract(kind: .socket)), .repeated),
    ])

  init(from fields: inout FieldReader) throws(CodecError) {
    number = fields.uint64(0)
    content = fields.bytes(1)
    files = try fields.repeatedDescriptor(2)
    sockets = try fields.repeatedDescriptor(3)
    unknownFields = fields.unknown()
  }

  func write(to fields: inout FieldWriter) throws(CodecError) {
    fields.uint64(0, number)
    fields.bytes(1, content)
    try fields.repeatedDescriptor(2, files)
    try fields.repeatedDescriptor(3, sockets)
    fields.unknown(unknownFields)
  }
}

enum Parcels {
  static let echo = Method<Parcel, Parcel>("traps.v1.Parcels", "Echo")
  static let count = Method<Parcel, Parcel>("traps.v1.Parcels", "Count")
  static let wait = Method<Parcel, Parcel>("traps.v1.Parcels", "Wait")
  static let open = Method<Parcel, Parcel>("traps.v1.Parcels", "Open")
  static let fill = Method<Parcel, Parcel>("traps.v1.Parcels", "Fill")
  static let gather = Method<Parcel, Parcel>("traps.v1.Parcels", "Gather")
  static let chat = Method<Parcel, Parcel>("traps.v1.Parcels", "Chat")
  static let hold = Method<Parcel, Parcel>("traps.v1.Parcels", "Hold")
  static let pour = Method<Parcel, Parcel>("traps.v1.Parcels", "Pour")
  static let callBack = Method<Parcel, Parcel>("traps.v1.Parcels", "CallBack")

  /// The fields `files` of a parcel with these places, as bytes.
  static func files(_ places: [UInt8]) -> [UInt8] { [0x1a, UInt8(places.count)] + places }
  /// The same for `sockets`.
  static func sockets(_ places: [UInt8]) -> [UInt8] { [0x22, UInt8(places.count)] + places }
}

/// What the tests attack.
struct ParcelService: RPCService {
  /// Told when a call of `Wait` has begun and when it was cancelled.
  var events = Events()

  static let schema = ServiceSchema(
    name: "traps.v1.Parcels", file: SchemaFile(name: "traps/v1/parcels.proto", base64: ""))

  func register(in methods: inout MethodTable) {
    methods.add(Parcels.echo) { parcel, _ in parcel }
    methods.addSynchronous(Parcels.count) { parcel, _ in
      Parcel(number: UInt64(parcel.files.count))
    }
    // Answers when nobody waits any more.
    methods.add(Parcels.wait) { [events] _, _ in
      events.happened(.begun)
      await events.untilCancelled()
      events.happened(.cancelled)
      return Parcel()
    }
    // As many descriptors as the number says.
    methods.addSynchronous(Parcels.open) { parcel, _ in
      let file = try Descriptor.open("/dev/null")
      return Parcel(files: Array(repeating: file, count: Int(parcel.number)))
    }
    // As many bytes as the number says.
    methods.addSynchronous(Parcels.fill) { parcel, _ in
      Parcel(content: [UInt8](repeating: 7, count: Int(parcel.number)))
    }
    registerStreams(in: &methods)
  }

  private func registerStreams(in methods: inout MethodTable) {
    // How many files came.
    methods.addClientStream(Parcels.gather) { parcels, _ in
      var count = 0
      for try await parcel in parcels { count += parcel.files.count }
      return Parcel(number: UInt64(count))
    }
    methods.addBidirectionalStream(Parcels.chat) { parcels, replies, _ in
      for try await parcel in parcels { try await replies.write(parcel) }
    }
    // Takes nothing.
    methods.addClientStream(Parcels.hold) { [events] _, _ in
      events.happened(.begun)
      await events.untilCancelled()
      events.happened(.cancelled)
      return Parcel()
    }
    // As many bytes as the number says, again and again.
    methods.addServerStream(Parcels.pour) { [events] parcel, replies, _ in
      events.happened(.begun)
      let reply = Parcel(content: [UInt8](repeating: 7, count: Int(parcel.number)))
      while true {
        try await replies.write(reply)
        events.poured.add(1, ordering: .relaxed)
      }
    }
    // What the caller's own service makes of it.
    methods.add(Parcels.callBack) { parcel, context in
      guard let client = context.connection else { return Parcel() }
      return try await client.call(Parcels.echo, parcel)
    }
  }
}

/// What happened in a service, for a test to wait for.
final class Events: Sendable {
  enum Event: Sendable { case begun, cancelled }
  /// Replies of `Pour` that were written.
  let poured = Atomic(0)
  private let stream: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func happened(_ event: Event) { continuation.yield(event) }

  func next() async -> Event? {
    var iterator = stream.makeAsyncIterator()
    return await iterator.next()
  }

  /// Suspends until the current task is cancelled.
  func untilCancelled() async {
    let (forever, end) = AsyncStream<Never>.makeStream()
    await withTaskCancellationHandler {
      for await _ in forever {}
    } onCancel: {
      end.finish()
    }
  }
}
