import Baton
import Testing

@Suite struct CallTableTests {
  /// Numbers that a caller may choose: those that count up, and others of which many have the same
  /// remainder.
  static let choices: [[UInt32]] = [
    Array(1...300),
    (1...300).map { $0 << 20 },
    (1...300).map { $0 % 3 == 0 ? $0 : $0 << 9 },
    (0..<300).map { UInt32.max - $0 },
  ]

  @Test("a table of calls holds what a dictionary does, whatever their numbers", arguments: choices)
  func model(_ numbers: [UInt32]) {
    var random = Lehmer(state: 7)
    var table = CallTable<Int>()
    var model: [UInt32: Int] = [:]
    for step in 0..<20_000 {
      let number = numbers.randomElement(using: &random)!
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        #expect(table.remove(number) == model.removeValue(forKey: number))
      case 1:
        #expect(table[number] == model[number])
      default:
        table[number] = step
        model[number] = step
      }
      #expect(table.count == model.count)
    }
    for number in numbers { #expect(table[number] == model[number]) }
    #expect(table.removeAll().sorted() == model.values.sorted())
    #expect(table.isEmpty)
    #expect(table[numbers[0]] == nil)
  }

  @Test("a value in a table of calls can be changed where it is")
  func change() {
    var table = CallTable<[Int]>()
    table[8] = [1]
    table[8]?.append(2)
    table[16]?.append(3)
    #expect(table[8] == [1, 2])
    #expect(table.count == 1)
    table[8] = nil
    #expect(table.isEmpty)
  }
}
