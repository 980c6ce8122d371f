import BatonMessages

/// Makes the services of one file, and refuses methods that cannot be served.
struct ServiceBuilder {
  let index: SchemaIndex
  let places: SourcePlaces
  let prefix: String

  func service(
    _ service: ServiceDescriptorProto, _ fullName: String, _ path: [Int32]
  ) throws(Refusal) -> ServiceModel {
    var names = NameRegister()
    var methods: [ServiceModel.Method] = []
    for (position, method) in service.method.enumerated() {
      let path = path + [2, Int32(position)]
      let model = try self.method(method, fullName, path)
      try names.take(
        model.name, for: "\(fullName)/\(model.schemaName)", at: places.place(path))
      methods.append(model)
    }
    return ServiceModel(
      fullName: fullName, name: prefix + SchemaIndex.typeName(service.name, "Service"),
      comment: places.comment(path), isDeprecated: service.options?.deprecated == true,
      methods: methods)
  }

  private func method(
    _ method: MethodDescriptorProto, _ service: String, _ path: [Int32]
  ) throws(Refusal) -> ServiceModel.Method {
    let name = method.name ?? ""
    return ServiceModel.Method(
      schemaName: name, name: SwiftName.member(name), comment: places.comment(path),
      isDeprecated: method.options?.deprecated == true,
      isIdempotent: Self.isIdempotent(method.options?.idempotencyLevel),
      request: try type(method.inputType, "\(service)/\(name)", path),
      response: try type(method.outputType, "\(service)/\(name)", path),
      kind: ServiceModel.Kind(
        requests: method.clientStreaming == true, replies: method.serverStreaming == true))
  }

  private static func isIdempotent(_ level: MethodOptions.IdempotencyLevel?) -> Bool {
    level == .idempotent || level == .noSideEffects
  }

  private func type(
    _ reference: String?, _ method: String, _ path: [Int32]
  ) throws(Refusal) -> DeclaredType {
    try index.reachable(reference, for: method, at: places.place(path))
  }
}
