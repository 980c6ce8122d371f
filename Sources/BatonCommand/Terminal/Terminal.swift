import Glibc

/// How text for people is decorated: in colour where a terminal shows it, plain everywhere else.
package struct Terminal: Sendable {
  enum Style: String {
    case faint = "2"
    case bold = "1"
    case red = "31"
    case green = "32"
    case cyan = "36"
  }

  let hasColours: Bool

  package static let plain = Terminal(hasColours: false)

  /// Colours where `stream` is a terminal (isatty(3)), unless NO_COLOR is set to anything
  /// (https://no-color.org) or the terminal calls itself dumb.
  init(stream: Int32) {
    hasColours =
      isatty(stream) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty
      && Environment["TERM"] != "dumb"
  }

  private init(hasColours: Bool) {
    self.hasColours = hasColours
  }

  func callAsFunction(_ style: Style, _ text: some StringProtocol) -> String {
    hasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : String(text)
  }
}

/// The process's environment (getenv(3)).
enum Environment {
  static subscript(name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// `NAME=VALUE` each (environ(7)).
  static var all: [String] {
    var all: [String] = []
    var next = environ
    while let entry = next.pointee {
      all.append(String(cString: entry))
      next += 1
    }
    return all
  }
}
