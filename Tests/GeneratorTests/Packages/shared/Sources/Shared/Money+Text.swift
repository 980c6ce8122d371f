extension Money {
  public var text: String { "\(units) \(currency)" }
}
