import FuzzDriver
import Weights

/// A file in memory.
struct Bytes: StoredBytes {
  struct Outside: Error {}

  let content: [UInt8]
  var byteCount: Int { content.count }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws {
    guard offset >= 0, buffer.byteCount <= content.count - offset else { throw Outside() }
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: content[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }
}

// A header that passes describes this file, so it describes no shorter one that ends inside it.
fuzz { input in
  for path in ["a.safetensors", "a.gguf"] {
    guard (try? WeightsHeader.check(Bytes(content: input), path: path)) != nil else { continue }
    let header = Bytes(content: Array(input.prefix(7)))
    precondition((try? WeightsHeader.check(header, path: path)) == nil, "a header in seven bytes")
  }
}
