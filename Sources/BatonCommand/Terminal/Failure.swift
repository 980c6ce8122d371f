import Baton
import BatonMessages

/// Why a command ends without success: one line for people, with a line for each detail of an RPC's
/// error, and the exit status for scripts.
package struct Failure: Error {
  package let status: Status
  package let message: String
  let details: [String]

  /// The exit statuses that are not a call's own; the numbers are those of sysexits(3).
  package enum Status: Sendable, Hashable {
    /// The call ended in an error with this code of gRPC's, from 1 to 16.
    case call(Int32)
    /// The command line, the request or the schema is wrong, so no call was made, or a stream's was
    /// cancelled.
    case usage
    /// No connection was had.
    case unavailable
    /// The system leaves this command too little to run with.
    case system
    /// The call went well, its result could not be written.
    case output
    /// The command of `--exec` is not there, or cannot be executed; the numbers are a shell's.
    case commandNotFound, commandNotExecutable
    /// The command of `--exec` failed with this status for a reply of a stream.
    case command(Int32)
    /// This signal, which needs no words; the number is a shell's.
    case interrupted(by: Int32)

    package var number: Int32 {
      switch self {
      case .call(let code): (1...16).contains(code) ? code : 2
      case .usage: 64
      case .unavailable: 69
      case .system: 71
      case .output: 74
      case .commandNotExecutable: 126
      case .commandNotFound: 127
      case .command(let status): status
      case .interrupted(let signal): 128 + signal
      }
    }
  }

  package init(_ status: Status, _ message: String, details: [String] = []) {
    self.status = status
    self.message = message
    self.details = details
  }

  static func usage(_ message: String) -> Failure { Failure(.usage, message) }
  static func interrupted(by signal: Int32) -> Failure { Failure(.interrupted(by: signal), "") }
}

extension Failure {
  /// `pool` has the types of the error's details, as far as they are known.
  init(_ error: RPCError, _ pool: SchemaPool? = nil) {
    let texts = error.details.isEmpty ? [] : DetailTexts(pool).texts(of: error.details)
    self.init(.call(error.code.rawValue), "\(error)", details: texts)
  }
}
