import Baton
import Testing

/// The clock is simulated, in nanoseconds, so that nothing depends on how busy the machine is.
@Suite struct PollingPolicyTests {
  private static let limit: UInt64 = 20_000

  /// Nil on a single processor, where nobody looks.
  private func policy() -> PollingPolicy? {
    let policy = PollingPolicy(.nanoseconds(Self.limit))
    return policy.isOn ? policy : nil
  }

  @Test func `two ends that both sleep find each other by a long look`() throws {
    guard let policy = policy() else { return }
    var ends = [WaitingEnd(policy), WaitingEnd(policy)]
    var clock: UInt64 = 1_000_000
    var wakes: [Bool] = []
    for turn in 0..<10_000 {
      let (arrival, woken) = ends[turn % 2].receive(sent: clock)
      wakes.append(woken)
      clock = arrival + 1_000
      ends[turn % 2].wait(from: clock)
    }
    // Without a long look they would wake each other for ever, which takes longer than a look.
    #expect(wakes[1..<64].allSatisfy { $0 })
    let lastWake = try #require(wakes.lastIndex(of: true))
    #expect(lastWake < 200)
  }

  @Test func `looks that never pay cost at most a few per cent of the sleeps`() {
    guard var policy = policy() else { return }
    let sleeps = 100_000
    var looks = 0
    var looked: UInt64 = 0
    for sleep in 1...sleeps {
      let begin = UInt64(sleep) * 1_000_000
      guard policy.shouldPoll(now: begin) else { continue }
      var now = begin
      repeat { now += 1_000 } while !policy.isOver(begin: begin, last: now - 1_000, now: now)
      looks += 1
      looked += now - begin
    }
    #expect(looks > 0)
    #expect(looks * 100 < sleeps * 3)
    // As though less than three of a hundred sleeps began with a look of usual length.
    #expect(looked * 100 < Self.limit * UInt64(sleeps) * 3)
  }

  @Test func `a long yield pauses looking, longer each time, and shorter again when looking pays`()
  {
    guard var policy = policy() else { return }
    var now: UInt64 = 1_000_000_000
    var pauses: [UInt64] = []
    for _ in 0..<9 { pauses.append(pause(of: &policy, &now)) }
    #expect(pauses == [10, 20, 40, 80, 160, 320, 640, 1000, 1000])
    for _ in 0..<1024 {
      let polls = policy.shouldPoll(now: now)
      #expect(polls)
      policy.paid(begin: now, now: now + 5_000)
      now += 10_000
    }
    let afterward = pause(of: &policy, &now)
    #expect(afterward == 500)
  }

  /// How many milliseconds nobody looks after a yield that took long. `now` is then the pause's end.
  private func pause(of policy: inout PollingPolicy, _ now: inout UInt64) -> UInt64 {
    let isOver = policy.isOver(begin: now, last: now, now: now + 1_000_000)
    #expect(isOver)
    now += 1_000_000
    var milliseconds: UInt64 = 0
    while !policy.shouldPoll(now: now) {
      now += 1_000_000
      milliseconds += 1
    }
    return milliseconds
  }
}

/// One of two ends that answer each other at once.
private struct WaitingEnd {
  private var policy: PollingPolicy
  private var begin: UInt64 = 0
  private var looks = false

  /// How long waking a sleeper takes: longer than a look.
  private static let waking: UInt64 = 50_000

  init(_ policy: PollingPolicy) {
    self.policy = policy
  }

  mutating func wait(from now: UInt64) {
    begin = now
    looks = policy.shouldPoll(now: now)
  }

  /// When what is sent at `sent` arrives, and whether this end had to be woken for it.
  mutating func receive(sent: UInt64) -> (arrival: UInt64, woken: Bool) {
    var now = begin
    while looks && now < sent {
      now += 1_000
      if policy.isOver(begin: begin, last: now - 1_000, now: now) { looks = false }
    }
    guard looks else { return (sent + Self.waking, true) }
    policy.paid(begin: begin, now: sent + 1_000)
    return (sent + 1_000, false)
  }
}
