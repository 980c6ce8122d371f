import Baton
import CBenchmark

/// The client's end of a connection, calling one after the other.
protocol Caller {
  /// Calls until the timer is over.
  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws
}

/// A reply that is not the one to the request.
struct WrongReply: Error {}

struct RawCaller: Caller {
  var workload: Workload

  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    try check(benchmark_raw_call(Inherited.socket, UInt32(workload.descriptors), timer))
  }
}

/// Calls from a task on the connection's loop.
struct AsyncCaller: Caller {
  var workload: Workload
  var client: Echo.Client

  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    nonisolated(unsafe) let timer = timer  // Used by this one task until it ends.
    try await withTaskExecutorPreference(client.connection.loop) {
      var request = EchoRequest(payload: [UInt8](repeating: 7, count: Int(BENCHMARK_PAYLOAD)))
      benchmark_timer_start(timer)
      repeat {
        request.seq += 1
        guard try await answer(to: request) == request.seq else { throw WrongReply() }
      } while benchmark_timer_lap(timer)
    }
  }

  /// The reply's sequence number. Its descriptors are closed when this returns.
  private func answer(to request: EchoRequest) async throws -> UInt64 {
    switch workload {
    case .unary64B:
      return try await client.unary(request).seq
    case .unaryOneDescriptor:
      return try await client.oneDescriptor(request).seq
    case .unarySixteenDescriptors:
      let reply = try await client.sixteenDescriptors(request)
      return reply.files.count == workload.descriptors ? reply.seq : 0
    }
  }
}

/// Calls from a plain thread.
struct SyncCaller: Caller {
  var workload: Workload
  var client: Echo.SynchronousClient

  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    try callBlocking(timer)
  }

  private func callBlocking(_ timer: UnsafeMutablePointer<benchmark_timer>) throws {
    var request = EchoRequest(payload: [UInt8](repeating: 7, count: Int(BENCHMARK_PAYLOAD)))
    benchmark_timer_start(timer)
    repeat {
      request.seq += 1
      guard try answer(to: request) == request.seq else { throw WrongReply() }
    } while benchmark_timer_lap(timer)
  }

  /// The reply's sequence number. Its descriptors are closed when this returns.
  private func answer(to request: EchoRequest) throws -> UInt64 {
    switch workload {
    case .unary64B:
      return try client.unary(request).seq
    case .unaryOneDescriptor:
      return try client.oneDescriptor(request).seq
    case .unarySixteenDescriptors:
      let reply = try client.sixteenDescriptors(request)
      return reply.files.count == workload.descriptors ? reply.seq : 0
    }
  }
}
