import BatonCommand
import Testing

@Suite struct ArgumentTests {
  @Test(arguments: ["files.v1.FileBroker/Open", "files.v1.FileBroker.Open"])
  func `a method is named with a slash or a dot`(text: String) throws {
    let name = try MethodName(text)
    #expect(name.service == "files.v1.FileBroker")
    #expect(name.method == "Open")
    #expect(name.full == "files.v1.FileBroker/Open")
  }

  @Test(arguments: ["", "Open", "/Open", "files.v1.FileBroker/", "."])
  func `half a method's name is wrong usage`(text: String) {
    let failure = #expect(throws: Failure.self) { try MethodName(text) }
    #expect(failure?.status.number == 64)
    #expect(
      failure?.message == "expected a method such as files.v1.FileBroker/Open, got \"\(text)\"")
  }

  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("1m", .seconds(60)),
    ("1.5h", .seconds(5400)), ("3", .seconds(3)), ("20us", .microseconds(20)),
  ])
  func `a timeout has a unit`(text: String, duration: Duration) throws {
    let difference = try TimeoutArgument.parse(text) - duration
    #expect(abs(difference / .nanoseconds(1)) <= 1)
  }

  @Test(arguments: ["", "s", "0", "-1s", "1 s", "2d", "1e9h", "..s", "٣s"])
  func `a timeout that is none is refused`(text: String) {
    #expect(throws: (any Error).self) { try TimeoutArgument.parse(text) }
  }

  @Test func `near names come first`() {
    #expect(NearNames.nearest("Opne", among: ["Count", "Open", "Close"], most: 1) == ["Open"])
    #expect(NearNames.list("a", among: ["b", "c", "d", "e", "f", "a1"]).hasPrefix("a1, b"))
    #expect(NearNames.list("a", among: ["b", "c", "d", "e", "f", "g"]).hasSuffix(" and 1 more"))
    #expect(NearNames.list("a", among: []) == "nothing")
  }
}
