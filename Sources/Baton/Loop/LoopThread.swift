internal import CBaton
import Glibc
import SystemPackage

/// A detached thread that runs one closure.
enum LoopThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Throws where the process may have no more threads (pthread_create(3)).
  static func start(_ run: @escaping @Sendable () -> Void) throws(Errno) {
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { argument in
        // pthread_create passes on the pointer it was given, which is never null here.
        let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
        baton_name_thread("baton-loop")
        body.run()
        return nil
      }, body.toOpaque())
    if result != 0 {
      body.release()
      throw Errno(rawValue: result)
    }
    pthread_detach(thread)
  }
}
