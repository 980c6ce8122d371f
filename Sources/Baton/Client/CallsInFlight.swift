/// The table of calls in flight on one connection: numbers them, finds them, gives each out once.
///
/// Numbers count up, so that a call's place is its number's remainder: no hashing.
struct CallsInFlight: ~Copyable {
  /// A power of two of places, of which at most half are taken.
  private var places: [PendingCall?] = Array(repeating: nil, count: 8)
  private var next: UInt32 = 1
  /// Set in the numbers of all calls of this end.
  private let side: UInt32
  private(set) var count = 0

  /// `side` is zero at the end that connected, and the highest bit at the other.
  init(side: UInt32) {
    self.side = side
  }

  /// Gives the call a number and keeps it.
  mutating func insert(_ call: PendingCall) -> UInt32 {
    if count >= places.count / 2 { grow() }
    while places[place(of: next)] != nil { advance() }
    call.number = next | side
    places[place(of: next)] = call
    count += 1
    advance()
    return call.number
  }

  /// The call; nil when it is not in flight any more.
  func find(_ number: UInt32) -> PendingCall? {
    guard let call = places[place(of: number)], call.number == number else { return nil }
    return call
  }

  /// Takes the call out; nil when it is not in flight any more.
  mutating func complete(_ number: UInt32) -> PendingCall? {
    let place = place(of: number)
    guard let call = places[place], call.number == number else { return nil }
    places[place] = nil
    count -= 1
    return call
  }

  /// Takes the call out, or keeps in mind that it is not to be begun.
  mutating func giveUp(_ call: PendingCall, _ error: RPCError) -> Bool {
    if call.refusal == nil { call.refusal = error }
    // Its number may be another's by now.
    return find(call.number) === call && complete(call.number) != nil
  }

  mutating func completeAll() -> [PendingCall] {
    let all = places.compactMap { $0 }
    places = Array(repeating: nil, count: 8)
    count = 0
    return all
  }

  /// Takes out the calls that were numbered after `last`, the highest that the peer has begun.
  mutating func complete(after last: UInt32) -> [PendingCall] {
    let isNone = last & Self.highest == 0
    let age = age(of: last)
    // Half the way back lies nothing that was begun last: such a number was never given out.
    if !isNone && age > Self.highest / 2 { return [] }
    // By age, as a call in flight may be older than that.
    let later = places.compactMap { $0 }.filter { isNone || self.age(of: $0.number) < age }
    for call in later { _ = complete(call.number) }
    return later
  }

  /// How many numbers were given out since.
  private func age(of number: UInt32) -> UInt32 { (next &- number) & Self.highest }

  /// Whether `number` was given out behind `last`, which is zero before the first. Numbers begin anew
  /// after the highest: what lies less than half the way ahead is later.
  static func isLater(_ number: UInt32, than last: UInt32) -> Bool {
    let ahead = (number &- last) & highest
    return last & highest == 0 || (ahead != 0 && ahead < highest / 2)
  }

  private static let highest = UInt32(Int32.max)

  private func place(of number: UInt32) -> Int { Int(number & Self.highest) & (places.count - 1) }

  private mutating func advance() {
    next = next == Self.highest ? 1 : next + 1
  }

  /// Twice the places leave two calls apart that were apart before.
  private mutating func grow() {
    var larger: [PendingCall?] = Array(repeating: nil, count: 2 * places.count)
    for case let call? in places {
      larger[Int(call.number & Self.highest) & (larger.count - 1)] = call
    }
    places = larger
  }
}
