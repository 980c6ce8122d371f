import Baton
import BatonMessages
import Foundation
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1))) struct WatchTests {
  @Test func `a caller is told what changes, and gets the changed files`() async throws {
    try await withRunningBroker { broker in
      var watch = try await broker.watch()
      try broker.write("one", to: "note")
      #expect(try await watch.next().kind == 1)
      let changed = try await watch.next()
      #expect(changed.text == "2 note")
      #expect(try changed.file?.readTextToEnd() == "one")
      #expect(try changed.file?.describe().access == .read)
      #expect(unlink("\(broker.root)/note") == 0)
      let removed = try await watch.next()
      #expect(removed.text == "3 note")
      #expect(removed.file == nil)
    }
  }

  @Test func `what is moved has two names, and is at hand under the one it has now`() async throws {
    try await withRunningBroker { broker in
      try broker.write("one", to: "a")
      #expect(mkdir("\(broker.root)/inner", 0o700) == 0)
      var watch = try await broker.watch()
      #expect(rename("\(broker.root)/a", "\(broker.root)/b") == 0)
      let (old, new) = (try await watch.nextMove(), try await watch.nextMove())
      #expect([old.text, new.text] == ["5 a", "4 b"])
      #expect(old.file == nil)
      #expect(try new.file?.readTextToEnd() == "one")
      #expect(rename("\(broker.root)/b", "\(broker.root)/inner/c") == 0)
      #expect(try await watch.nextMove().text == "5 b")
    }
  }

  @Test func `a path is relative to the root, and what is no file comes without one`() async throws
  {
    try await withRunningBroker { broker in
      #expect(mkdir("\(broker.root)/inner", 0o700) == 0)
      var watch = try await broker.watch("inner")
      #expect(mkdir("\(broker.root)/inner/folder", 0o700) == 0)
      #expect(symlink("/etc/passwd", "\(broker.root)/inner/link") == 0)
      for text in ["1 inner/folder", "1 inner/link"] {
        let event = try await watch.next()
        #expect(event.text == text)
        #expect(event.file == nil)
      }
    }
  }

  @Test(arguments: ["removed", "moved"])
  func `a watch ends with its directory`(how: String) async throws {
    try await withRunningBroker { broker in
      #expect(mkdir("\(broker.root)/inner", 0o700) == 0)
      var watch = try await broker.watch("inner")
      if how == "removed" {
        #expect(rmdir("\(broker.root)/inner") == 0)
      } else {
        #expect(rename("\(broker.root)/inner", "\(broker.root)/other") == 0)
      }
      #expect(try await watch.events.next()?.text == nil)
    }
  }

  @Test func `watching what is no directory below the root is refused`() async throws {
    try await withRunningBroker { broker in
      try broker.write("", to: "file")
      for path in ["../", "none", "file"] {
        let error = await #expect(throws: RPCError.self) {
          let request = OpenRequest(path: path)
          for try await _ in broker.connection.serverStream(BrokerMethods.watch, request) {}
        }
        #expect(error?.origin == .peer)
        #expect(error?.message.contains(path) == true)
      }
    }
  }

  @Test func `watches that are left are closed, and the broker goes on`() async throws {
    try await withRunningBroker { broker in
      // Waiting for changes, and with one that nobody took.
      for hasChange in [false, true] {
        do {
          let watches = [try await broker.watch(), try await broker.watch()]
          try withExtendedLifetime(watches) {
            // One each, and one more while it waits.
            #expect(try broker.heldByWatches().count >= 2)
            if hasChange { try broker.write("x", to: "note") }
          }
        }
        while try !broker.heldByWatches().isEmpty {
          // Waits for the broker, and fails when it has gone.
          let error = await #expect(throws: RPCError.self) { try await broker.askInVain() }
          try #require(error?.code == .notFound)
        }
      }
    }
  }

  @Test func `changes that nobody takes are lost at last, and the caller is told`() async throws {
    let most = try String(
      contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
    let limit = try #require(Int(most.trimmingCharacters(in: .whitespacesAndNewlines)))
    try await withRunningBroker { broker in
      var watch = try await broker.watch()
      // Three changes each. What the stream's window and the broker hold is not the kernel's.
      for _ in 0..<limit / 3 + 2000 {
        try broker.write("", to: "note")
        #expect(unlink("\(broker.root)/note") == 0)
      }
      var taken = 0
      let error = await #expect(throws: RPCError.self) {
        while try await watch.events.next() != nil { taken += 1 }
      }
      #expect(error?.code == .dataLoss)
      #expect(taken >= limit)
    }
  }
}

/// A watch that has begun.
private struct Watch {
  var events: MessageStream<WatchEvent>.AsyncIterator

  mutating func next() async throws -> WatchEvent {
    try #require(try await events.next())
  }

  /// Passes over files that are closed late: a process that was forked while one was open for writing
  /// holds it until it executes.
  mutating func nextMove() async throws -> WatchEvent {
    while true {
      let event = try await next()
      if event.kind != 2 { return event }
    }
  }
}

extension RunningBroker {
  /// The queues of watches and the files they tell of. The libraries' own descriptors, such as
  /// libdispatch's timer, are opened at any time.
  fileprivate func heldByWatches() throws -> [String] {
    try openNames().filter { $0.contains("inotify") || $0.hasPrefix("\(root)/") }
  }

  fileprivate func watch(_ path: String = "") async throws -> Watch {
    let info = ReplyInfo()
    let events = connection.serverStream(
      BrokerMethods.watch, OpenRequest(path: path), options: CallOptions(info: info))
    // It begins when the broker has said so, which it does before it answers what is asked later.
    while info.metadata == nil {
      do {
        try await askInVain()
      } catch  where error.code == .notFound {}
    }
    return Watch(events: events.makeAsyncIterator())
  }

  fileprivate func askInVain() async throws(RPCError) {
    _ = try await connection.call(BrokerMethods.open, OpenRequest(path: "none"))
  }
}

extension WatchEvent {
  fileprivate var text: String { "\(kind) \(path)" }
}
