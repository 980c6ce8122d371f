import ArgumentParser

/// Who carries the calls.
enum Contender: Hashable {
  /// Blocking `sendmsg(2)` and `recvmsg(2)`.
  case raw
  case baton(Style, spin: Bool)

  /// Which of Baton's interfaces both ends use.
  enum Style: String, CaseIterable, ExpressibleByArgument {
    /// `Connection` and handlers that are tasks on the loop.
    case async
    /// `SynchronousConnection` and handlers that the loop calls directly.
    case sync
  }

  /// How a report names it.
  var client: String {
    switch self {
    case .raw: "C"
    case .baton(let style, _): style.rawValue
    }
  }

  var spins: Bool {
    if case .baton(_, let spin) = self { spin } else { false }
  }
}

extension Contender: ExpressibleByArgument {
  /// How a contender is named to a process of a trial: `raw`, `async`, `sync+spin`.
  init?(argument: String) {
    let parts = argument.split(separator: "+")
    if argument == "raw" {
      self = .raw
    } else if let first = parts.first, let style = Style(rawValue: String(first)) {
      self = .baton(style, spin: parts.dropFirst() == ["spin"])
    } else {
      return nil
    }
  }

  var argument: String {
    switch self {
    case .raw: "raw"
    case .baton(let style, let spin): style.rawValue + (spin ? "+spin" : "")
    }
  }
}
