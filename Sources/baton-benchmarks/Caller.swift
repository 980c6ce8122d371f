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
  var way: Contender.Way

  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    if let large = way.large {
      let isUpload = workload == .upload64MiB
      try check(benchmark_large_call(Inherited.socket, large, workload.size, isUpload, timer))
    } else if way == .pipeline {
      try check(benchmark_raw_pipeline(Inherited.socket, UInt32(workload.window), timer))
    } else {
      try check(benchmark_raw_call(Inherited.socket, UInt32(workload.descriptors), timer))
    }
  }
}

extension Contender.Way {
  /// The way of a large message; nil where messages are short.
  var large: benchmark_way? {
    switch self {
    case .packets, .pipeline: nil
    case .fragments: BENCHMARK_FRAGMENTS
    case .packet: BENCHMARK_PACKET
    case .memory: BENCHMARK_MEMFD
    case .stream: BENCHMARK_STREAM
    }
  }
}

/// Calls from a task on the connection's loop.
struct AsyncCaller: Caller {
  var workload: Workload
  var client: Echo.Client

  func call(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    nonisolated(unsafe) let timer = timer  // Used on the loop's thread until all tasks have ended.
    try await withTaskExecutorPreference(client.connection.loop) {
      switch workload {
      case .pipelined64B: try await pipeline(timer)
      case .stream64B: try await stream(timer)
      case .unary200BBesideUploads: try await besideUploads(timer)
      default: try await sequence(timer)
      }
    }
  }

  /// Many calls at once, each in a task that makes one after the other.
  private func pipeline(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    nonisolated(unsafe) let timer = timer
    benchmark_timer_start(timer)
    let isOver = Flag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<workload.window {
        group.addTask {
          var request = EchoRequest(payload: [UInt8](repeating: 7, count: workload.size))
          while !isOver.isSet {
            request.seq += 1
            let began = benchmark_now()
            guard try await client.unary(request).seq == request.seq else { throw WrongReply() }
            if !isOver.isSet && !benchmark_timer_note(timer, began) { isOver.isSet = true }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// One short call after the other, while one upload after the other is on its way.
  private func besideUploads(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    nonisolated(unsafe) let timer = timer
    let isOver = Flag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let size = Workload.upload64MiB.size
        let request = EchoRequest(payload: [UInt8](repeating: 7, count: size))
        while !isOver.isSet { _ = try await client.upload(request) }
      }
      try await sequence(timer)
      isOver.isSet = true
      try await group.waitForAll()
    }
  }

  /// Set and read on one thread.
  private final class Flag: @unchecked Sendable {
    var isSet = false
  }

  /// Replies of one call without end.
  private func stream(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    let request = EchoRequest(payload: [UInt8](repeating: 7, count: workload.size))
    let options = CallOptions()
    var seq: UInt64 = 0
    benchmark_timer_start(timer)
    for try await reply in client.connection.serverStream(
      EchoStream.method, request, options: options)
    {
      guard reply.seq == seq else { throw WrongReply() }
      seq += 1
      if !benchmark_timer_lap(timer) { break }
    }
  }

  /// One call after the other.
  private func sequence(_ timer: UnsafeMutablePointer<benchmark_timer>) async throws {
    do {
      var request = EchoRequest(payload: [UInt8](repeating: 7, count: workload.size))
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
    case .unary64B, .unary1MiB, .pipelined64B, .stream64B, .unary200B, .unary200BBesideUploads,
      .idleConnections:
      return try await client.unary(request).seq
    case .upload64MiB:
      return try await client.upload(request).seq
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
    var request = EchoRequest(payload: [UInt8](repeating: 7, count: workload.size))
    benchmark_timer_start(timer)
    repeat {
      request.seq += 1
      guard try answer(to: request) == request.seq else { throw WrongReply() }
    } while benchmark_timer_lap(timer)
  }

  /// The reply's sequence number. Its descriptors are closed when this returns.
  private func answer(to request: EchoRequest) throws -> UInt64 {
    switch workload {
    case .unary64B, .unary1MiB, .pipelined64B, .stream64B, .unary200B, .unary200BBesideUploads,
      .idleConnections:
      return try client.unary(request).seq
    case .upload64MiB:
      return try client.upload(request).seq
    case .unaryOneDescriptor:
      return try client.oneDescriptor(request).seq
    case .unarySixteenDescriptors:
      let reply = try client.sixteenDescriptors(request)
      return reply.files.count == workload.descriptors ? reply.seq : 0
    }
  }
}
