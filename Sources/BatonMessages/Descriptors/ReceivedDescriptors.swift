internal import CBaton

/// The descriptors that came with one message, owned from the instant they were received until a
/// field of the message claims them. What nobody claims is closed.
public struct ReceivedDescriptors: ~Copyable {
  private var numbers: UnsafeMutableBufferPointer<Int32>?
  private var unclaimed: Int

  /// No descriptors.
  public init() {
    numbers = nil
    unclaimed = 0
  }

  /// Takes over `count` open numbers that `source` points to; the memory stays the caller's.
  package init(adopting source: UnsafePointer<Int32>, count: Int) {
    unclaimed = count
    if count == 0 {
      numbers = nil
      return
    }
    let copy = UnsafeMutableBufferPointer<Int32>.allocate(capacity: count)
    _ = copy.initialize(from: UnsafeBufferPointer(start: source, count: count))
    numbers = copy
  }

  /// How many came, claimed or not.
  public var count: Int { numbers?.count ?? 0 }

  /// How many no field has claimed yet.
  public var unclaimedCount: Int { unclaimed }

  /// The handle for the descriptor at `place`, which counts from one as on the wire.
  mutating func claim(_ place: UInt32) throws(CodecError) -> Descriptor {
    guard let numbers, place >= 1, place <= numbers.count else {
      throw CodecError(
        .descriptor,
        "expected a descriptor's place from 1 to \(count), as many came with the message; got \(place)"
      )
    }
    let number = numbers[Int(place) - 1]
    guard number >= 0 else {
      throw CodecError(
        .descriptor, "descriptor \(place) is used by two fields; each may be used once")
    }
    numbers[Int(place) - 1] = -1
    unclaimed -= 1
    return Descriptor(owner: DescriptorOwner(number))
  }

  deinit {
    guard let numbers else { return }
    for number in numbers where number >= 0 { baton_close(number) }
    numbers.deallocate()
  }
}
