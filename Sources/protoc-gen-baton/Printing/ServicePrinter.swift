/// Writes one service: its methods, the protocols a server implements, and the clients.
struct ServicePrinter {
  let visibility: String
  let scope: Scope

  func print(_ service: ServiceModel, schema: String, to text: inout SwiftText) {
    let name = SwiftName.escaped(service.name)
    let inner = scope.inside(service.name)
    text.comment(service.comment.noting(service.isDeprecated))
    text.block("\(visibility) enum \(name)") { text in
      printMethods(service, inner.inside("Methods"), to: &text)
      text.line()
      let type = inner.runtime("ServiceSchema")
      text.statement(
        "\(visibility) static let schema =",
        Expression(call: type, ["name: \"\(service.fullName)\"", "file: \(schema).file"]))
      for style in ServiceStyle.all {
        text.line()
        printProtocol(service, style, inner.inside(style.service), to: &text)
      }
      for style in ServiceStyle.all {
        text.line()
        printClient(service, style, inner.inside(style.client), to: &text)
      }
    }
    for style in ServiceStyle.all {
      text.line()
      printRegistration(service, style, to: &text)
    }
  }

  private func printMethods(
    _ service: ServiceModel, _ scope: Scope, to text: inout SwiftText
  ) {
    text.block("\(visibility) enum Methods") { text in
      for method in service.methods {
        let types = "<\(scope.name(method.request)), \(scope.name(method.response))>"
        text.statement(
          "\(visibility) static let \(SwiftName.escaped(method.name)) =",
          Expression(
            call: scope.runtime("Method") + types,
            ["\"\(service.fullName)\"", "\"\(method.schemaName)\""]))
      }
    }
  }

  // MARK: Server

  private func printProtocol(
    _ service: ServiceModel, _ style: ServiceStyle, _ scope: Scope, to text: inout SwiftText
  ) {
    text.comment(style.serviceComment)
    let head = "\(visibility) protocol \(style.service): \(scope.runtime("RPCService"))"
    text.block(head) { text in
      for method in service.methods {
        text.comment(method.comment.noting(method.isDeprecated))
        text.declaration(
          "func \(SwiftName.escaped(method.name))",
          [
            "_ request: \(scope.name(method.request))",
            "context: \(scope.runtime("CallContext"))",
          ], " \(style.effects)throws -> \(scope.name(method.response))")
      }
    }
  }

  private func printRegistration(
    _ service: ServiceModel, _ style: ServiceStyle, to text: inout SwiftText
  ) {
    let name = scope.own([service.name])
    let inner = scope.inside(service.name).inside(style.service)
    text.block("extension \(name).\(style.service)") { text in
      text.line(
        "\(visibility) static var schema: \(inner.runtime("ServiceSchema")) { \(name).schema }")
      text.line()
      let table = inner.runtime("MethodTable")
      text.block("\(visibility) func register(in methods: inout \(table))") { text in
        for method in service.methods {
          let member = SwiftName.escaped(method.name)
          text.closure("methods.\(style.add)(\(name).Methods.\(member))", "(request, context)") {
            text in
            text.line("try \(style.await)self.\(member)(request, context: context)")
          }
        }
      }
    }
  }

  // MARK: Client

  private func printClient(
    _ service: ServiceModel, _ style: ServiceStyle, _ scope: Scope, to text: inout SwiftText
  ) {
    text.comment(style.clientComment)
    if service.isDeprecated { text.line("@available(*, deprecated)") }
    let connection = scope.runtime(style.connection)
    let head = "\(visibility) struct \(style.client): \(scope.runtime(style.clientProtocol))"
    text.block(head) { text in
      text.line("\(visibility) let connection: \(connection)")
      text.line()
      text.block("\(visibility) init(_ connection: \(connection))") { text in
        text.line("self.connection = connection")
      }
      for method in service.methods {
        text.line()
        printCall(method, style, scope, to: &text)
      }
    }
  }

  private func printCall(
    _ method: ServiceModel.Method, _ style: ServiceStyle, _ scope: Scope,
    to text: inout SwiftText
  ) {
    let options = scope.runtime("CallOptions")
    let effects = "\(style.effects)throws(\(scope.runtime("RPCError")))"
    text.comment(method.comment)
    if method.isDeprecated { text.line("@available(*, deprecated)") }
    text.declaration(
      "\(visibility) func \(SwiftName.escaped(method.name))",
      ["_ request: \(scope.name(method.request))", "options: \(options) = \(options)()"],
      " \(effects) -> \(scope.name(method.response)) {")
    text.indented { text in
      text.statement(
        "",
        Expression(
          call: "try \(style.await)self.connection.call",
          ["Methods.\(SwiftName.escaped(method.name))", "request", "options: options"]))
    }
    text.line("}")
  }
}

/// The two ways in which a service is served and called.
struct ServiceStyle {
  let service: String
  let client: String
  let connection: String
  let clientProtocol: String
  let effects: String
  let await: String
  let add: String
  let serviceComment: [String]
  let clientComment: [String]

  static let all = [asynchronous, synchronous]

  private static let asynchronous = ServiceStyle(
    service: "Service", client: "Client", connection: "Connection",
    clientProtocol: "ServiceClient", effects: "async ", await: "await ", add: "add",
    serviceComment: ["Implemented by a server. Each call is a task on its connection's loop."],
    clientComment: ["Calls the service from asynchronous code."])

  private static let synchronous = ServiceStyle(
    service: "SynchronousService", client: "SynchronousClient",
    connection: "SynchronousConnection", clientProtocol: "SynchronousServiceClient", effects: "",
    await: "", add: "addSynchronous",
    serviceComment: [
      "Implemented by a server whose methods never wait: they are called on the connection's loop,",
      "which stands still until they return.",
    ],
    clientComment: ["Calls the service from code that may block its thread."])
}
