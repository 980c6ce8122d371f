import Foundation
import Glibc
import Testing

/// A program that runs until it is ended and holds a FIFO open, whose end tells so.
struct SilentProgram {
  private let scratch: Scratch
  /// Before the FIFO is open.
  private let preparation: String

  init(ignoresSIGTERM: Bool = false) throws {
    preparation = ignoresSIGTERM ? "trap \"\" TERM; " : ""
    scratch = try Scratch()
    try #require(mkfifo(scratch.path("fifo"), 0o600) == 0)
  }

  /// A server that does not answer.
  var address: String { #"exec:\#(shell("exec sleep 3600"))"# }

  /// The line of a shell that becomes the program.
  func shell(_ program: String) -> String {
    #"/bin/sh -c '\#(preparation)exec 9> "$0"; \#(program)' "\#(scratch.path("fifo"))""#
  }

  /// The words of the same command.
  func words(_ script: String) -> [String] {
    ["/bin/sh", "-c", #"\#(preparation)exec 9> "$0"; \#(script)"#, scratch.path("fifo")]
  }

  /// Waits until the program runs, does `body`, and waits until the program has ended.
  func watch<Result>(_ body: () async throws -> Result) async throws -> Result {
    let path = scratch.path("fifo")
    let reading = await elsewhere { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(reading) }
    let result = try await body()
    let count = await elsewhere {
      var byte: UInt8 = 0
      return read(reading, &byte, 1)
    }
    #expect(count == 0, "the FIFO's end")
    return result
  }
}

/// Runs `body`, which blocks, on a thread of its own.
func elsewhere<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { done in
    Thread.detachNewThread { done.resume(returning: body()) }
  }
}
