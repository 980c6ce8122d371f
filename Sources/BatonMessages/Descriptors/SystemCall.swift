internal import SystemPackage

/// How the functions of `CBaton/descriptors.h` report: a negative number is an errno.
enum SystemCall {
  @discardableResult
  static func result<Number: SignedInteger & FixedWidthInteger>(
    _ returned: Number
  ) throws(Errno) -> Number {
    if returned < 0 { throw Errno(rawValue: CInt(-returned)) }
    return returned
  }
}
