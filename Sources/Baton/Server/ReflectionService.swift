import BatonMessages

/// Tells callers the services' names and schemas.
struct ReflectionService: Service {
  private let schemas: [ServiceSchema]

  init(_ schemas: [ServiceSchema]) {
    self.schemas = schemas
  }

  static let schema = ServiceSchema(
    name: "baton.reflection.v1.Reflection",
    file: SchemaFile(name: "baton/reflection.proto", base64: ""))

  func register(in methods: inout MethodTable) {}
}
