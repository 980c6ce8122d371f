internal import CBaton
public import SystemPackage

/// The descriptors that came with one message, owned from the instant they were received until a
/// field of the message claims them. What nobody claims is closed (close(2)) with the table.
public struct ReceivedDescriptors: ~Copyable {
  /// Open numbers in the order of their places, -1 where one was claimed. They lie in `inline` until
  /// there are too many, then all of them in `allocated`.
  @usableFromInline var inline: InlineArray<4, Int32>
  @usableFromInline var allocated: UnsafeMutablePointer<Int32>?
  @usableFromInline var capacity: Int32

  /// How many came, claimed or not.
  public var count: Int { Int(came) }
  @usableFromInline var came: Int32
  /// The socket that they came over, held until the end. Unmanaged, as Swift 6.3.1 destroys an
  /// optional object of another module by way of its metadata, even where there is none.
  @usableFromInline var transport: Unmanaged<DescriptorTransport>?

  /// How many no field has claimed yet.
  @inlinable
  public var unclaimedCount: Int { Int(unclaimed) }
  @usableFromInline var unclaimed: Int32

  /// No descriptors.
  @inlinable
  public init() {
    inline = InlineArray(repeating: -1)
    allocated = nil
    capacity = 4
    came = 0
    unclaimed = 0
    transport = nil
  }

  /// Takes over `count` open numbers that `source` points to; the memory stays the caller's.
  /// `transport` is the socket that they came over.
  package init(
    adopting source: UnsafePointer<Int32>, count: Int,
    over transport: DescriptorTransport? = nil
  ) {
    self.init()
    if count == 0 { return }
    self.transport = transport.map(Unmanaged.passRetained)
    adopt(source, count: count)
  }

  /// Duplicates of `descriptors`, which stay the caller's (fcntl(2), F_DUPFD_CLOEXEC): for reading a
  /// message that was written in the same process.
  public init(duplicating descriptors: [Descriptor]) throws(Errno) {
    self.init()
    reserve(descriptors.count)
    for descriptor in descriptors {
      var number = try descriptor.call(baton_duplicate)
      adopt(&number, count: 1)
    }
  }

  /// Takes over `count` more open numbers, which get the next places: those of a message's second
  /// packet.
  package mutating func adopt(_ source: UnsafePointer<Int32>, count: Int) {
    reserve(Int(came) + count)
    if let allocated {
      (allocated + Int(came)).update(from: source, count: count)
    } else {
      for index in 0..<count { inline[Int(came) + index] = source[index] }
    }
    came += Int32(count)
    unclaimed += Int32(count)
  }

  /// Takes over what `other` holds, of which nothing was claimed: a message's further packet.
  package mutating func adopt(_ other: inout ReceivedDescriptors) {
    if transport == nil { transport = other.transport?.retain() }
    for index in 0..<other.count where other[index] >= 0 {
      var number = other[index]
      other[index] = -1
      adopt(&number, count: 1)
    }
    other.unclaimed = 0
  }

  /// The handle for the descriptor at `place`, which counts from one as on the wire.
  mutating func claim(_ place: UInt32) throws(CodecError) -> Descriptor {
    guard place >= 1, place <= came else { throw outside(place) }
    let index = Int(place) - 1
    let number = self[index]
    guard number >= 0 else { throw claimedTwice(place) }
    self[index] = -1
    unclaimed -= 1
    return Descriptor(owner: DescriptorOwner(received: number))
  }

  /// Their message cannot be read, so that what its fields have claimed is closed, too.
  @usableFromInline
  func refuse() { closesUnclaimed(came - unclaimed) }

  private func closesUnclaimed(_ count: Int32) {
    transport?._withUnsafeGuaranteedRef { $0.closesUnclaimed(Int(count)) }
  }

  private func outside(_ place: UInt32) -> CodecError {
    CodecError(
      .descriptor,
      "expected a descriptor's place from 1 to \(came), as many came with the message; got \(place)"
    )
  }
  private func claimedTwice(_ place: UInt32) -> CodecError {
    CodecError(.descriptor, "descriptor \(place) is used by two fields; each may be used once")
  }

  /// Whoever held the connection's own socket could speak in its name, and it would wait in itself.
  /// Only fields that ask for sockets pay the fstat(2).
  func refuseTransport(
    _ descriptor: Descriptor, as contract: DescriptorContract
  ) throws(CodecError) {
    guard contract.kind == .socket || contract.kind == .sequencedPacketSocket,
      let own = transport?.takeUnretainedValue().identity,
      descriptor.withFileDescriptor({ FileIdentity(of: $0.rawValue) }) == own
    else { return }
    throw CodecError(
      .descriptor, "expected \(contract.kind.phrase), got the connection's own")
  }

  private subscript(index: Int) -> Int32 {
    get { allocated?[index] ?? inline[index] }
    set {
      if let allocated { allocated[index] = newValue } else { inline[index] = newValue }
    }
  }

  private mutating func reserve(_ wanted: Int) {
    if wanted <= Int(capacity) { return }
    let larger = Swift.max(wanted, 2 * Int(capacity))
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: larger)
    for index in 0..<Int(came) { (memory + index).initialize(to: self[index]) }
    (memory + Int(came)).initialize(repeating: -1, count: larger - Int(came))
    allocated?.deallocate()
    allocated = memory
    capacity = Int32(larger)
  }

  @inlinable
  deinit {
    // Most messages have none: those cost nothing here.
    if came != 0 || allocated != nil || transport != nil { end() }
  }
  @usableFromInline
  func end() {
    if unclaimed > 0 {
      closesUnclaimed(unclaimed)
      for index in 0..<Int(came) where self[index] >= 0 {
        baton_close_received(self[index])
      }
    }
    allocated?.deallocate()
    transport?.release()
  }
}
