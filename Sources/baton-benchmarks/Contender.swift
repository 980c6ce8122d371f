import ArgumentParser

/// Who carries the calls.
enum Contender: Hashable {
  /// Blocking `sendmsg(2)` and `recvmsg(2)`.
  case raw(Way)
  /// Observed: with somebody who listens to logs, metrics and traces.
  case baton(Style, spin: Bool, observed: Bool = false)

  /// Which of Baton's interfaces both ends use.
  enum Style: String, CaseIterable, ExpressibleByArgument {
    /// `Connection` and handlers that are tasks on the loop.
    case async
    /// `SynchronousConnection` and handlers that the loop calls directly.
    case sync
  }

  /// How raw C sends.
  enum Way: String, CaseIterable {
    /// One packet a message, one call after another.
    case packets
    /// One packet a message, many in flight.
    case pipeline
    /// A large message in packets of 192 KiB, in one, in a new memfd, or over a stream socket.
    case fragments, packet, memory, stream
  }

  /// How a report names it.
  var client: String {
    switch self {
    case .raw: "C"
    case .baton(let style, _, _): style.rawValue
    }
  }

  var spins: Bool {
    if case .baton(_, let spin, _) = self { spin } else { false }
  }

  var isObserved: Bool {
    if case .baton(_, _, let observed) = self { observed } else { false }
  }
}

extension Contender: ExpressibleByArgument {
  /// How a contender is named to a process of a trial: `raw+packets`, `async`, `sync+spin+observed`.
  init?(argument: String) {
    let parts = argument.split(separator: "+")
    if parts.first == "raw", parts.count == 2, let way = Way(rawValue: String(parts[1])) {
      self = .raw(way)
    } else if let first = parts.first, let style = Style(rawValue: String(first)) {
      self = .baton(
        style, spin: parts.contains("spin"), observed: parts.contains("observed"))
    } else {
      return nil
    }
  }

  var argument: String {
    switch self {
    case .raw(let way): "raw+\(way.rawValue)"
    case .baton(let style, let spin, let observed):
      style.rawValue + (spin ? "+spin" : "") + (observed ? "+observed" : "")
    }
  }
}
