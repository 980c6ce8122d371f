import BatonMessages
import Testing

@Suite(.timeLimit(.minutes(1))) struct MostDescriptorsTests {
  /// Types that each hold the one before twice.
  private static func ladder(_ steps: Int, on first: MessageLayout) -> MessageLayout {
    (0..<steps).reduce(first) { inner, step in
      MessageLayout(
        "Step\(step)",
        [FieldLayout(1, "one", .message { inner }), FieldLayout(2, "other", .message { inner })])
    }
  }

  private static let file = FieldLayout(1, "file", .descriptor(DescriptorContract()))

  @Test func `the most descriptors of a message are counted without walking every way to a type`() {
    let carrier = MessageLayout("Carrier", [Self.file])
    let empty = MessageLayout("Empty", [])
    #expect(Self.ladder(10, on: carrier).mostDescriptors == 1024)
    #expect(Self.ladder(70, on: carrier).mostDescriptors == .max)
    #expect(Self.ladder(70, on: empty).mostDescriptors == 0)
  }

  @Test func `of a oneof only one member counts`() {
    let two = MessageLayout("Two", [Self.file, FieldLayout(2, "other", Self.file.type)])
    let either = MessageLayout(
      "Either",
      [
        FieldLayout(1, "one", Self.file.type, .oneof(0)),
        FieldLayout(2, "two", .message { two }, .oneof(0)),
        FieldLayout(3, "more", .message { two }),
      ])
    #expect(either.mostDescriptors == 4)
  }
}
