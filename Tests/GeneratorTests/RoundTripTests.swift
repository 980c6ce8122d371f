import BatonMessages
import GoldenTypes
import Testing

@Suite struct RoundTripTests {
  @Test func `every scalar type survives the wire at its limits`() throws {
    try RoundTrip.check(Scalars())
    try RoundTrip.check(Scalars.largest)
    try RoundTrip.check(Scalars.smallest)
  }

  @Test func `optional fields know whether they were set to zero`() throws {
    try RoundTrip.check(Optionals())
    let zeros = Optionals(
      doubleValue: 0, floatValue: 0, int32Value: 0, int64Value: 0, uint32Value: 0, uint64Value: 0,
      sint32Value: 0, sint64Value: 0, fixed32Value: 0, fixed64Value: 0, sfixed32Value: 0,
      sfixed64Value: 0, boolValue: false, stringValue: "", bytesValue: [], colour: .unspecified,
      scalars: Scalars(), plainScalars: Scalars())
    try RoundTrip.check(zeros)
    #expect(try zeros.encoded().bytes.count > Optionals().encoded().bytes.count)
  }

  @Test func `lists of every type survive the wire`() throws {
    let lists = Lists(
      doubleValues: [0, -0.0, .infinity], floatValues: [1.5, 0], int32Values: [0, .min, .max],
      int64Values: [.min], uint32Values: [.max], uint64Values: [.max, 0], sint32Values: [-1, 1],
      sint64Values: [.min], fixed32Values: [.max], fixed64Values: [1], sfixed32Values: [-1],
      sfixed64Values: [.min], boolValues: [true, false], stringValues: ["", "ä\0"],
      bytesValues: [[], [0, 255]], colours: [.red, .negative, .unrecognized(77)],
      scalars: [Scalars(), .largest], unpacked: [1, 0, 2])
    try RoundTrip.check(lists)
  }

  @Test func `maps of every type survive the wire`() throws {
    let maps = Maps(
      byInt32: [.min: 1.5, 0: 0], byInt64: [.max: 2], byUint32: [.max: -1], byUint64: [.max: .min],
      bySint32: [-1: .max], bySint64: [.min: .max], byFixed32: [7: true, 8: false],
      byFixed64: [7: "", 8: "x"], bySfixed32: [-7: [], -8: [1]],
      bySfixed64: [-7: .darkGreen, 1: .unrecognized(9)],
      byBool: [true: .largest, false: Scalars()],
      byString: ["": Maps(), "x": Maps(byInt32: [1: 1])])
    try RoundTrip.check(maps)
  }

  @Test(
    arguments: [
      nil, .number(0), .text(""), .data([]), .colour(.unspecified), .scalars(Scalars()),
      .flag(false), .real(0), .text("x"), .scalars(.largest),
    ] as [Choices.Choice?])
  func `a oneof keeps which member it holds, though that is zero`(
    _ choice: Choices.Choice?
  ) throws {
    let inner = Choices.Inner(depth: 1, innermost: .init(level: .high))
    try RoundTrip.check(Choices(choice: choice, between: "b", otherChoice: .inner(inner)))
    try RoundTrip.check(Choices(choice: choice, otherChoice: .fixed(0)))
  }

  @Test func `messages contain themselves by every road`() throws {
    var tree = Tree(value: 1, left: Tree(value: 2), others: [Tree(value: 3)])
    tree.right = tree
    tree.right?.left?.value = 9
    tree.named = ["x": tree]
    tree.parent = .owner(tree)
    #expect(tree.left?.value == 2)
    #expect(tree.right?.left?.value == 9)
    try RoundTrip.check(tree)
    try RoundTrip.check(Even(odd: Odd(even: Even(odd: Odd(end: 1)))))
  }

  @Test func `unknown numbers of an enumeration survive`() throws {
    let scalars = try Scalars(decoding: Scalars(colour: .unrecognized(1234)).encoded().bytes)
    #expect(scalars.colour == .unrecognized(1234))
    #expect(Colour(rawValue: 1) == .red)
    #expect(Aliased.primary == .first)
  }
}

extension Scalars {
  fileprivate static let largest = Scalars(
    doubleValue: .greatestFiniteMagnitude, floatValue: .greatestFiniteMagnitude, int32Value: .max,
    int64Value: .max, uint32Value: .max, uint64Value: .max, sint32Value: .max, sint64Value: .max,
    fixed32Value: .max, fixed64Value: .max, sfixed32Value: .max, sfixed64Value: .max,
    boolValue: true, stringValue: "ä\0\u{10FFFF}", bytesValue: [0, 255], colour: .darkGreen)
  fileprivate static let smallest = Scalars(
    doubleValue: -0.0, floatValue: -.infinity, int32Value: .min, int64Value: .min,
    sint32Value: .min, sint64Value: .min, sfixed32Value: .min, sfixed64Value: .min,
    colour: .negative)
}
