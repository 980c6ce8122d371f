/// What this end keeps of each call that it answers, by the call's number, which the other end chose.
///
/// Open addressing with linear probing, the number's remainder being the first place: numbers that
/// count up, as clients' do, get a place each, without hashing. A client whose numbers collide has
/// its own calls looked through, of which a connection has a bounded number. (``CallsInFlight`` chooses
/// its calls' numbers, and so keeps them apart.)
package struct CallTable<Value> {
  /// A power of two of places, of which at most half are taken; none before the first call. Zero,
  /// which numbers no call, is free.
  private var numbers: [UInt32] = []
  private var values: [Value?] = []
  package private(set) var count = 0

  private static var fewestPlaces: Int { 8 }

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package subscript(number: UInt32) -> Value? {
    get { place(of: number).flatMap { values[$0] } }
    set {
      if let value = newValue {
        if let place = place(of: number) { values[place] = value } else { insert(value, number) }
      } else {
        _ = remove(number)
      }
    }
  }

  package mutating func remove(_ number: UInt32) -> Value? {
    guard let place = place(of: number) else { return nil }
    count -= 1
    let value = values[place].take()
    close(place)
    return value
  }

  /// Takes all out, in no order.
  package mutating func removeAll() -> [Value] {
    defer { self = CallTable() }
    return values.compactMap { $0 }
  }

  private var mask: Int { numbers.count - 1 }

  private func place(of number: UInt32) -> Int? {
    if count == 0 { return nil }
    var place = Int(number) & mask
    while numbers[place] != 0 {
      if numbers[place] == number { return place }
      place = (place + 1) & mask
    }
    return nil
  }

  private mutating func insert(_ value: Value, _ number: UInt32) {
    if 2 * count >= numbers.count { grow() }
    var place = Int(number) & mask
    while numbers[place] != 0 { place = (place + 1) & mask }
    numbers[place] = number
    values[place] = value
    count += 1
  }

  private mutating func grow() {
    let old = self
    let places = max(Self.fewestPlaces, 2 * old.numbers.count)
    numbers = Array(repeating: 0, count: places)
    values = Array(repeating: nil, count: places)
    count = 0
    for (number, value) in zip(old.numbers, old.values) {
      if let value { insert(value, number) }
    }
  }

  /// Frees a place whose value was taken, to which those behind it move up that were kept from it.
  private mutating func close(_ place: Int) {
    var hole = place
    var next = (place + 1) & mask
    while numbers[next] != 0 {
      let first = Int(numbers[next]) & mask
      if (next - first) & mask >= (next - hole) & mask {
        numbers[hole] = numbers[next]
        values.swapAt(hole, next)
        hole = next
      }
      next = (next + 1) & mask
    }
    numbers[hole] = 0
  }
}
