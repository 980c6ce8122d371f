/// Why a schema gets no Swift code: where, what, and what to do about it.
struct Refusal: Error, CustomStringConvertible {
  /// `files/v1/broker.proto:12:3`, or only the file where the place is not known.
  let place: String
  let reason: String

  init(_ place: String, _ reason: String) {
    self.place = place
    self.reason = reason
  }

  var description: String { "\(place): \(reason)" }
}
