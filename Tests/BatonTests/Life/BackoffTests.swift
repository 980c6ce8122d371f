import Baton
import Testing

struct BackoffTests {
  private static func backoff(
    multiplier: Double = 2, jitter: Double = 0, maximum: Duration = .seconds(5)
  ) -> Backoff {
    Reconnection(
      initialDelay: .seconds(1), multiplier: multiplier, jitter: jitter, maximumDelay: maximum
    ).backoff
  }

  @Test func `delays grow up to the maximum, and begin anew after a success`() {
    var backoff = Self.backoff()
    let delays = (0..<5).map { _ in backoff.next() / 1_000_000_000 }
    #expect(delays == [1, 2, 4, 5, 5])
    backoff.reset()
    #expect(backoff.next() == 1_000_000_000)
  }

  @Test func `the jitter makes a delay shorter or longer by its part`() {
    var backoff = Self.backoff(multiplier: 1, jitter: 0.2)
    #expect(backoff.next(random: -1) == 800_000_000)
    #expect(backoff.next(random: 0) == 1_000_000_000)
    #expect(backoff.next(random: 1) == 1_200_000_000)
    for _ in 0..<100 { #expect((800_000_000...1_200_000_000).contains(backoff.next())) }
  }

  @Test func `the defaults are gRPC's`() {
    var backoff = Reconnection().backoff
    let delays = (0..<14).map { _ in backoff.next(random: 0) / 1_000_000 }
    #expect(delays[..<3] == [1000, 1600, 2560])
    #expect(delays.last == 120_000)
    #expect(Reconnection().jitter == 0.2)
  }

  @Test(arguments: [-1, 0.5, .nan, .infinity])
  func `numbers that make no sense are brought into range`(number: Double) {
    var backoff = Reconnection(
      initialDelay: .seconds(-1), multiplier: number, jitter: number, maximumDelay: .zero
    ).backoff
    for _ in 0..<3 { #expect((0...2_000_000).contains(backoff.next())) }
  }
}
