import Cryptography

/// A sealed file read as if it were plain: each read opens the segments it touches and keeps nothing.
struct SegmentReader: StoredBytes {
  let path: String
  let layout: StreamLayout
  let header: StreamHeader
  let blob: any StoredBytes
  let key: ModelKey
  let associatedData: [UInt8]

  var byteCount: Int { layout.plaintextSize }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
    let end = offset + buffer.byteCount
    guard offset >= 0, end <= byteCount else { throw WeightsError.ciphertextSize(path: path) }
    let worker = SegmentWorker()
    try worker.prepare(file: 0) { key.fileKey(header, associatedData: associatedData) }
    let plan = FetchPlan([layout], runLength: 1)
    var done = 0
    for index in plan.segments(of: 0) {
      let segment = plan.segment(index, of: 0)
      let part = segment.plaintext.clamped(to: offset..<end)
      guard !part.isEmpty else { continue }
      var bytes: [UInt8] = []
      try worker.open(segment, nonce: layout.nonce(of: index, prefix: header.prefix), from: blob, path: path) { span in
        let start = part.lowerBound - segment.plaintext.lowerBound
        unsafe span.extracting(start..<start + part.count).withUnsafeBytes { bytes = unsafe Array($0) }
      }
      for byte in bytes {
        buffer.storeBytes(of: byte, toByteOffset: done, as: UInt8.self)
        done += 1
      }
    }
  }
}
