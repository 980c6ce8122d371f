/// The table of calls in flight on one connection: numbers them, finds them, gives each out once.
///
/// Numbers count up, so that a call's place is its number's remainder: no hashing.
struct CallsInFlight: ~Copyable {
  /// A power of two of places, of which at most half are taken.
  private var places: [PendingCall?] = Array(repeating: nil, count: 8)
  private var next: UInt32 = 1
  private(set) var count = 0

  /// Gives the call a number and keeps it.
  mutating func insert(_ call: PendingCall) -> UInt32 {
    if count >= places.count / 2 { grow() }
    while places[place(of: next)] != nil { advance() }
    call.number = next
    places[place(of: next)] = call
    count += 1
    advance()
    return call.number
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
  mutating func cancel(_ call: PendingCall) -> Bool {
    call.isCancelled = true
    return call.number != 0 && complete(call.number) != nil
  }

  mutating func completeAll() -> [PendingCall] {
    let all = places.compactMap { $0 }
    self = CallsInFlight()
    return all
  }

  private func place(of number: UInt32) -> Int { Int(number) & (places.count - 1) }

  private mutating func advance() {
    next = next == UInt32(Int32.max) ? 1 : next + 1
  }

  /// Twice the places leave two calls apart that were apart before.
  private mutating func grow() {
    var larger: [PendingCall?] = Array(repeating: nil, count: 2 * places.count)
    for case let call? in places { larger[Int(call.number) & (larger.count - 1)] = call }
    places = larger
  }
}
