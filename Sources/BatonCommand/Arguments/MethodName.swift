import BatonMessages

/// A method's full name as it was typed: `files.v1.FileBroker/Open`, or with a dot in the slash's
/// place.
package struct MethodName: Hashable {
  /// `files.v1.FileBroker`
  package let service: String
  /// `Open`
  package let method: String

  package init(_ text: String) throws(Failure) {
    let separator = text.lastIndex(of: "/") ?? text.lastIndex(of: ".")
    guard let separator, separator > text.startIndex,
      text.index(after: separator) < text.endIndex
    else {
      throw .usage("expected a method such as files.v1.FileBroker/Open, got \(text.quoted)")
    }
    service = String(text[..<separator])
    method = String(text[text.index(after: separator)...])
  }

  /// `files.v1.FileBroker/Open`
  package var full: String { "\(service)/\(method)" }

  /// The name of a service where that of a method is missing.
  private var whole: String { "\(service).\(method)" }
}

extension MethodName {
  /// The method in the schema; throws what there is that comes near. Of `pool`'s services only those
  /// named count.
  func find(in pool: SchemaPool, services: [String]) throws(Failure) -> MethodType {
    if services.contains(whole), let methods = pool.service(whole)?.methods {
      let names = methods.map(\.name).joined(separator: ", ")
      throw .usage("expected a method of \(whole), which has \(names)")
    }
    guard let found = pool.service(service), services.contains(service) else {
      throw .usage(
        "there is no service \(service.shortened); there is \(NearNames.list(service, among: services))"
      )
    }
    guard let method = found.methods.first(where: { $0.name == method }) else {
      let names = found.methods.map(\.name)
      throw .usage(
        "\(service.shortened) has no method \(method.shortened); it has \(NearNames.list(method, among: names))"
      )
    }
    return method
  }
}
