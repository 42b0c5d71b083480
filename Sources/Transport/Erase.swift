import CTransport

extension [UInt8] {
  /// Overwrites the bytes where they lie, if nobody else holds them, and empties the array.
  mutating func erase() {
    overwrite(first: count)
    self = []
  }

  mutating func overwrite(first count: Int) {
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress, count > 0 else { return }
      unsafe ct_erase(start, count)
    }
  }
}
