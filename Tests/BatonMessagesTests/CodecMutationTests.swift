import BatonMessages
import Testing

/// SplitMix64: the same numbers from the same seed.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension [UInt8] {
  fileprivate mutating func mutate(with generator: inout SeededGenerator) {
    let place = Int.random(in: 0..<Swift.max(count, 1), using: &generator)
    if isEmpty { return append(.random(in: 0...255, using: &generator)) }
    let end = Swift.min(count, place + .random(in: 1...8, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: self[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: self[place] = .random(in: 0...255, using: &generator)
    case 2: insert(.random(in: 0...255, using: &generator), at: place)
    case 3: removeSubrange(place..<end)
    case 4: insert(contentsOf: self[place..<end], at: place)
    default: removeSubrange(place...)
    }
  }
}

@Suite struct CodecMutationTests {
  /// What is read, written and read again is the same; a map's entries may change their order.
  private func isStable<M: Message>(_ message: M) -> Bool {
    guard let once = try? message.encoded().bytes,
      let twice = try? M(decoding: once).encoded().bytes
    else { return false }
    return once == twice || once.sorted() == twice.sorted()
  }

  /// How many of the mutants were read.
  private func run<M: Message>(_ sample: M, cases: Int, seed: UInt64) throws -> Int {
    var generator = SeededGenerator(state: seed)
    let whole = try sample.encoded().bytes
    var read = 0
    for mutant in 0..<cases {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<3, using: &generator) { bytes.mutate(with: &generator) }
      do {
        let message = try M(decoding: bytes)
        read += 1
        if !isStable(message) { Issue.record("mutant \(mutant) changes: \(bytes)") }
      } catch {
        if error.kind != .malformed && error.kind != .invalidUTF8 || error.offset == nil {
          Issue.record("mutant \(mutant): \(error)")
        }
        if let offset = error.offset, offset > bytes.count {
          Issue.record("mutant \(mutant) fails behind its end: \(error)")
        }
      }
    }
    return read
  }

  @Test func `mutants of scalars of every cardinality are refused or survive`() throws {
    var read = 0
    read += try run(CodecScalars.sample, cases: 4000, seed: 1)
    read += try run(CodecOptionals.sample, cases: 3000, seed: 2)
    read += try run(CodecRepeated.sample, cases: 3000, seed: 3)
    read += try run(CodecUnpacked.sample, cases: 2000, seed: 4)
    #expect((1200..<10_800).contains(read))
  }

  @Test func `mutants of maps and of nested messages are refused or survive`() throws {
    var read = 0
    read += try run(CodecMaps.sample, cases: 3000, seed: 5)
    read += try run(
      CodecChoice(.node(CodecRich.sample.node ?? CodecNode())), cases: 3000, seed: 6)
    read += try run(CodecRich.sample, cases: 2000, seed: 7)
    #expect((500..<7500).contains(read))
  }

  @Test func `every truncation of a message of everything is refused or ends between fields`()
    throws
  {
    let bytes = try CodecRich.sample.encoded().bytes
    var ends: [Int] = []
    for length in 0...bytes.count {
      do {
        let message = try CodecRich(decoding: Array(bytes.prefix(length)))
        #expect(isStable(message))
        ends.append(length)
      } catch {
        #expect(error.kind == .malformed && (error.offset ?? .max) <= length)
      }
    }
    // Seven fields, which end in as many places besides the beginning.
    #expect(ends.count == 8)
    #expect(ends.last == bytes.count)
  }
}
