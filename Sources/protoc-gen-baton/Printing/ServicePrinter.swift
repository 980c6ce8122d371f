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
            ["\"\(service.fullName)\"", "\"\(method.schemaName)\""]
              + (method.isIdempotent ? ["isIdempotent: true"] : [])))
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
        let (request, reply) = (scope.name(method.request), scope.name(method.response))
        var parameters: [Expression] = [
          method.kind.hasRequestStream
            ? "_ requests: \(scope.runtime("MessageStream"))<\(request)>" : "_ request: \(request)"
        ]
        if method.kind.hasReplyStream {
          parameters.append("replies: \(scope.runtime("ReplyWriter"))<\(reply)>")
        }
        parameters.append("context: \(scope.runtime("CallContext"))")
        // Who reads or writes a stream waits.
        let waits = method.kind != .unary || style.waits
        // Swift 6.3.1 warns where one of the name `self` is called that runs there.
        let caller = Self.caller(waits && method.name != "self")
        text.declaration(
          "\(caller)func \(SwiftName.escaped(method.name))", parameters,
          " \(waits ? "async " : "")throws" + (method.kind.hasReplyStream ? "" : " -> \(reply)"))
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
          var names = [method.kind.hasRequestStream ? "requests" : "request"]
          var arguments = names
          if method.kind.hasReplyStream {
            names.append("replies")
            arguments.append("replies: replies")
          }
          let (add, waiting) = style.registration(of: method.kind)
          text.closure(
            "methods.\(add)(\(name).Methods.\(member))",
            "(\((names + ["context"]).joined(separator: ", ")))"
          ) { text in
            let list = (arguments + ["context: context"]).joined(separator: ", ")
            text.line("try \(waiting)self.\(member)(\(list))")
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
    let methods = service.methods.filter { $0.kind == .unary || style.hasStreams }
    if methods.count < service.methods.count {
      text.comment(["The methods with streams are those of `Client` alone."])
    }
    if service.isDeprecated { text.line("@available(*, deprecated)") }
    let connection = scope.runtime(style.connection)
    let head = "\(visibility) struct \(style.client): \(scope.runtime(style.clientProtocol))"
    text.block(head) { text in
      text.line("\(visibility) let connection: \(connection)")
      text.line()
      text.block("\(visibility) init(_ connection: \(connection))") { text in
        text.line("self.connection = connection")
      }
      for method in methods {
        text.line()
        text.comment(method.comment)
        if method.isDeprecated { text.line("@available(*, deprecated)") }
        switch method.kind {
        case .unary: printCall(method, style, scope, to: &text)
        case .serverStream: printServerStream(method, scope, to: &text)
        case .clientStream: printClientStream(method, scope, to: &text)
        case .bidirectionalStream: printBidirectionalStream(method, scope, to: &text)
        }
      }
    }
  }

  private func printCall(
    _ method: ServiceModel.Method, _ style: ServiceStyle, _ scope: Scope,
    to text: inout SwiftText
  ) {
    let options = scope.runtime("CallOptions")
    let effects = "\(style.waits ? "async " : "")throws(\(scope.runtime("RPCError")))"
    text.declaration(
      "\(Self.caller(style.waits))\(visibility) func \(SwiftName.escaped(method.name))",
      ["_ request: \(scope.name(method.request))", "options: \(options) = \(options)()"],
      " \(effects) -> \(scope.name(method.response)) {")
    text.indented { text in
      text.statement(
        "",
        Expression(
          call: "try \(style.waits ? "await " : "")self.connection.call",
          ["Methods.\(SwiftName.escaped(method.name))", "request", "options: options"]))
    }
    text.line("}")
  }

  /// Marks what waits as running wherever its caller does, as going elsewhere and coming back takes
  /// time.
  private static func caller(_ waits: Bool) -> String { waits ? "nonisolated(nonsending) " : "" }
}

// MARK: Streams of a client

extension ServicePrinter {
  private func printServerStream(
    _ method: ServiceModel.Method, _ scope: Scope, to text: inout SwiftText
  ) {
    let options = scope.runtime("CallOptions")
    text.declaration(
      "\(visibility) func \(SwiftName.escaped(method.name))",
      ["_ request: \(scope.name(method.request))", "options: \(options) = \(options)()"],
      " -> \(scope.runtime("MessageStream"))<\(scope.name(method.response))> {")
    printBody("self.connection.serverStream", method, ["request", "options: options"], to: &text)
  }

  private func printClientStream(
    _ method: ServiceModel.Method, _ scope: Scope, to text: inout SwiftText
  ) {
    let options = scope.runtime("CallOptions")
    let writer = "\(scope.runtime("RequestWriter"))<\(scope.name(method.request))>"
    text.declaration(
      "nonisolated(nonsending) \(visibility) func \(SwiftName.escaped(method.name))",
      [
        "options: \(options) = \(options)()",
        Expression(
          call: "_ body: ", [.init(writer)], " async throws -> \(scope.swift("Void"))"),
      ],
      " async throws -> \(scope.name(method.response)) {")
    printBody(
      "try await self.connection.clientStream", method, ["options: options", "body"], to: &text)
  }

  private func printBidirectionalStream(
    _ method: ServiceModel.Method, _ scope: Scope, to text: inout SwiftText
  ) {
    let options = scope.runtime("CallOptions")
    let writer = "\(scope.runtime("RequestWriter"))<\(scope.name(method.request))>"
    let stream = "\(scope.runtime("MessageStream"))<\(scope.name(method.response))>"
    // No message is named so: a schema's names have no underscore in front.
    text.declaration(
      "nonisolated(nonsending) \(visibility) func \(SwiftName.escaped(method.name))<_Result>",
      [
        "options: \(options) = \(options)()",
        Expression(
          call: "_ body: ", [.init(writer), .init(stream)], " async throws -> _Result"),
      ], " async throws -> _Result {")
    printBody(
      "try await self.connection.bidirectionalStream", method, ["options: options", "body"],
      to: &text)
  }

  private func printBody(
    _ call: String, _ method: ServiceModel.Method, _ arguments: [String],
    to text: inout SwiftText
  ) {
    text.indented { text in
      let name = "Methods.\(SwiftName.escaped(method.name))"
      text.statement("", Expression(call: call, [.init(name)] + arguments.map { .init($0) }))
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
  /// Whether its methods are asynchronous.
  let waits: Bool
  let add: String
  let serviceComment: [String]
  let clientComment: [String]

  /// Whether its client can call methods with streams.
  var hasStreams: Bool { waits }

  /// How a method is added to a server's table, and how its handler is called.
  func registration(of kind: ServiceModel.Kind) -> (add: String, waiting: String) {
    switch kind {
    case .unary: (add, waits ? "await " : "")
    case .serverStream: ("addServerStream", "await ")
    case .clientStream: ("addClientStream", "await ")
    case .bidirectionalStream: ("addBidirectionalStream", "await ")
    }
  }

  static let all = [asynchronous, synchronous]

  private static let asynchronous = ServiceStyle(
    service: "Service", client: "Client", connection: "Connection",
    clientProtocol: "ServiceClient", waits: true, add: "add",
    serviceComment: ["Implemented by a server. Each call is a task on its connection's loop."],
    clientComment: ["Calls the service from asynchronous code."])

  private static let synchronous = ServiceStyle(
    service: "SynchronousService", client: "SynchronousClient",
    connection: "SynchronousConnection", clientProtocol: "SynchronousServiceClient", waits: false,
    add: "addSynchronous",
    serviceComment: [
      "Implemented by a server whose methods never wait: they are called on the connection's loop,",
      "which stands still until they return.",
    ],
    clientComment: ["Calls the service from code that may block its thread."])
}
