import BatonMessages

/// What the command line asks for, `--baton_opt=Visibility=Public,Module=Files`.
struct Parameters {
  enum Visibility: String {
    case `internal` = "Internal"
    case `package` = "Package"
    case `public` = "Public"

    var keyword: String { "\(self)" }
  }

  /// Who sees the generated declarations.
  private(set) var visibility = Visibility.internal
  /// The module the code is generated for.
  private(set) var module = ""
  /// The modules that hold the Swift code of imported schemas, by the schema's name.
  private(set) var modules: [String: String] = [:]

  /// `Module=NAME`, `Visibility=Public|Package|Internal`, and `MSCHEMA=MODULE` for each imported
  /// schema of another module.
  init(_ text: String) throws(Refusal) {
    for option in text.split(separator: ",") {
      guard let equals = option.lastIndex(of: "=") else { throw Self.unknown(option) }
      try set(
        String(option[..<equals]), to: String(option[option.index(after: equals)...]), option)
    }
    if module.isEmpty {
      throw Refusal("--baton_opt", "expected Module=NAME, the module the code is compiled in")
    }
  }

  private mutating func set(_ name: String, to value: String, _ option: Substring) throws(Refusal) {
    switch name {
    case "Visibility":
      guard let visibility = Visibility(rawValue: value) else {
        throw Refusal(
          "--baton_opt", "expected Visibility=Public, Package or Internal, got \(value)")
      }
      self.visibility = visibility
    case "Module": module = value
    default:
      guard name.hasPrefix("M"), name.hasSuffix(".proto") else { throw Self.unknown(option) }
      modules[String(name.dropFirst())] = value
    }
  }

  private static func unknown(_ option: Substring) -> Refusal {
    Refusal(
      "--baton_opt",
      "expected Module=NAME, Visibility=… or Mpath/to/schema.proto=MODULE, got \(option)")
  }
}
