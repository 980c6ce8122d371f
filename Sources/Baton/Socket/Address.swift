import BatonMessages

/// Where a server is, as written on a command line.
public enum Address: Sendable, Hashable {
  /// `unix:PATH`: a socket's file, of at most 107 bytes.
  case path(String)
  /// `unix:@NAME`: a name in the kernel's abstract name space, which no file permission protects.
  case abstract(String)
  /// `fd:N`: an inherited socket, connected or listening.
  case inherited(Int32)
  /// `exec:COMMAND ARGUMENTS`: a child, which inherits the other end of a socket pair as number 3
  /// and is told so by `LISTEN_FDS=1`. Words are split at spaces; quotes and backslashes keep them.
  /// What it prints goes to standard error, as standard output is its starter's.
  /// The client's ``PeerCredentials`` name the client itself, as it made both ends. A child that
  /// says no hello in time gets SIGTERM; one that did ends by itself when the connection does.
  case command([String])
  /// `systemd`: the sockets that `LISTEN_FDS` announces, for servers.
  case announced

  /// Reads an address. Throws what is wrong with it.
  public init(_ text: String) throws(ConnectionError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.count == 2 ? String(parts[1]) : ""
    switch parts.first {
    case "unix" where rest.utf8.count > 1 && rest.hasPrefix("@"):
      self = .abstract(String(rest.dropFirst()))
    case "unix" where !rest.isEmpty && rest != "@": self = .path(rest)
    case "fd":
      guard let number = Int32(rest), number >= 0 else {
        throw ConnectionError(.address, "expected fd:NUMBER, got \(text.quoted)")
      }
      self = .inherited(number)
    case "exec":
      let words = try Self.words(of: rest)
      if words.first?.isEmpty != false {
        throw ConnectionError(.address, "expected exec:COMMAND, got \(text.quoted)")
      }
      self = .command(words)
    case "systemd" where parts.count == 1: self = .announced
    default:
      let isPath = text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../")
      throw ConnectionError(
        .address,
        "expected unix:PATH, unix:@NAME, fd:NUMBER, exec:COMMAND or, for servers, systemd, got \(text.quoted)"
          + (isPath ? "; did you mean unix:\(text.shortened)?" : ""))
    }
    if let name, name.utf8.count > 107 {
      throw ConnectionError(
        .address, "expected at most 107 bytes in \(text.quoted), got \(name.utf8.count)")
    }
  }

  private var name: String? {
    switch self {
    case .path(let name), .abstract(let name): name
    default: nil
    }
  }

  /// Whether it leads to a server that may have been started anew meanwhile.
  var canBeDialledAgain: Bool { name != nil }

  /// Splits as a shell does, without its expansions.
  static func words(of text: String) throws(ConnectionError) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\" && quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if quote != nil || isEscaped {
      throw ConnectionError(.address, "expected the end of a quotation in \(text.quoted)")
    }
    if let word { words.append(word) }
    return words
  }
}

extension Address: CustomStringConvertible {
  public var description: String {
    switch self {
    case .path(let path): "unix:\(path)"
    case .abstract(let name): "unix:@\(name)"
    case .inherited(let number): "fd:\(number)"
    case .command(let words): "exec:\(words.joined(separator: " "))"
    case .announced: "systemd"
    }
  }
}
