import Baton
import BatonHealth
import BatonMessages
import BatonTracing
import CoreMetrics
import Glibc
import Logging
import SystemPackage
import Testing

/// The Swift of Observability.md, compiled.
private enum ObservabilityExamples {
  typealias OpenRequest = EchoMessage
  typealias OpenReply = EchoMessage

  struct Shop: RPCService {
    func open(_ request: OpenRequest, context: CallContext) async throws -> OpenReply {
      context.logger.info("asked for", metadata: ["number": "\(request.number)"])
      return OpenReply(number: request.number)
    }

    static let schema = EchoService.schema

    func register(in methods: inout MethodTable) {
      methods.add(EchoService.echo) { try await open($0, context: $1) }
    }
  }

  static func log() -> ServerOptions {
    var logger = Logger(label: "shop")
    logger.logLevel = .debug
    let options = ServerOptions(logger: logger)
    return options
  }

  static func count(_ factory: any MetricsFactory) async throws {
    MetricsSystem.bootstrap(factory)
    try await Server(address: "unix:/run/shop.sock", services: [Shop()]).run()
  }

  static func trace() async throws -> (Server, Connection) {
    let server = Server(
      address: "unix:/run/shop.sock", services: [Shop()],
      options: ServerOptions(interceptors: [ServerTracing()]))
    let connection = try await Connection.connect(
      to: Address("unix:/run/shop.sock"),
      options: ConnectionOptions(interceptors: [ClientTracing()]))
    return (server, connection)
  }

  static func tellHealth() -> Server {
    let health = HealthService(serving: ["shop.v1.Shop"])
    let server = Server(address: "unix:/run/shop.sock", services: [Shop(), health])
    health.set(.notServing, for: "shop.v1.Shop")
    return server
  }

  static func audit() -> ServerOptions {
    struct Audit: ServerInterceptor {
      func intercept(
        _ call: InterceptedCall, context: CallContext,
        next: (InterceptedCall) async throws -> Void
      ) async throws {
        guard call.metadata["token"] != nil else {
          throw RPCError(.unauthenticated, "expected a token")
        }
        var call = call
        call.metadata["token"] = nil
        call.onReply { [peer = call.peer] message in
          for descriptor in try message.carriedDescriptors() {
            print("\(peer.processID) gets \(try descriptor.describe())")
          }
        }
        try await next(call)
      }
    }

    let options = ServerOptions(interceptors: [Audit()])
    return options
  }
}

@Suite struct ObservabilityExampleTests {
  /// Without the spaces at the lines' beginnings.
  private static func lines(_ text: Substring) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
  }

  @Test func `the Swift of Observability.md is compiled here`() throws {
    let here = FilePath(#filePath)
    let root = here.removingLastComponent().appending("../../..")
    let page = try Descriptor.open(
      root.appending("Sources/Baton/Documentation.docc/Observability.md")
    ).readTextToEnd()
    let compiled = Self.lines(try Descriptor.open(here).readTextToEnd()[...])
    let parts = page.split(separator: "```swift\n").dropFirst()
    try #require(parts.count == 6)
    for part in parts {
      let block = try #require(part.split(separator: "```").first)
      #expect(compiled.firstRange(of: Self.lines(block).dropLast()) != nil, "\(block)")
    }
  }
}
