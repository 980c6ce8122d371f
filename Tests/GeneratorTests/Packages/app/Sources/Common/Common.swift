extension Page {
  package static let first = Page(number: 1, order: .newest)
}
