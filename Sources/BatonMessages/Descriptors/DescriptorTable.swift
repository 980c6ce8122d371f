internal import CBaton
package import SystemPackage

/// The numbers of the process' descriptors, which its threads share.
package enum DescriptorTable {
  /// Gives the calling thread a table of its own: what it opens and closes from now on other threads
  /// do not see, nor the other way round (close_range(2), CLOSE_RANGE_UNSHARE; Linux 5.9).
  package static func unshare() throws(Errno) {
    try SystemCall.result(baton_unshare_descriptors())
  }
}
