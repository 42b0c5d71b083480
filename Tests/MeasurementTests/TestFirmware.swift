import Bytes

/// A firmware image of 16 KiB that describes itself as OVMF does; every part can be set. Nothing in it would run.
struct TestFirmware {
  var pages = 4
  var sevSections: [(address: UInt32, size: UInt32, type: UInt32)] = [
    (0x80_0000, 0x2000, 1), (0x80_2000, 0x1000, 2), (0x80_3000, 0x1000, 3), (0x80_4000, 0x1000, 0x10),
  ]
  var sevVersion: UInt32 = 1
  var tdxSections: [(data: UInt32, size: UInt32, address: UInt64, memory: UInt64, type: UInt32, attributes: UInt32)] = [
    (0x1000, 0x3000, 0xFFFF_D000, 0x3000, 0, 1), (0, 0x1000, 0xFFFF_C000, 0x1000, 1, 0),
    (0, 0, 0x80_9000, 0x2000, 2, 0), (0, 0, 0x80_0000, 0x1000, 3, 0),
  ]
  var resetVector: UInt32? = 0x80_B004
  var hashTable: UInt32? = 0x80_4C00
  /// Entries of the table beside those above.
  var entries: [(guid: String, data: [UInt8])] = []
  var edit: (inout [UInt8]) -> Void = { _ in }

  private static let sevAt = 0x1000
  private static let tdxAt = 0x2000

  var bytes: [UInt8] {
    var image = (0..<pages * 4096).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    func put(_ bytes: [UInt8], at offset: Int) {
      image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    put(sevMetadata, at: Self.sevAt)
    put(tdxMetadata, at: Self.tdxAt)
    let table = self.table(imageCount: image.count)
    put(table, at: image.count - 32 - table.count)
    edit(&image)
    return image
  }

  private var sevMetadata: [UInt8] {
    var text = ByteWriter()
    text.append("ASEV")
    for value in [UInt32(16 + 12 * sevSections.count), sevVersion, UInt32(sevSections.count)] {
      text.littleEndian(value)
    }
    for section in sevSections {
      for value in [section.address, section.size, section.type] { text.littleEndian(value) }
    }
    return text.bytes
  }

  private var tdxMetadata: [UInt8] {
    var text = ByteWriter()
    text.append("TDVF")
    for value in [UInt32(16 + 32 * tdxSections.count), 1, UInt32(tdxSections.count)] { text.littleEndian(value) }
    for section in tdxSections {
      for value in [section.data, section.size] { text.littleEndian(value) }
      for value in [section.address, section.memory] { text.littleEndian(value) }
      for value in [section.type, section.attributes] { text.littleEndian(value) }
    }
    return text.bytes
  }

  private func table(imageCount: Int) -> [UInt8] {
    func number(_ value: UInt32) -> [UInt8] {
      var text = ByteWriter()
      text.littleEndian(value)
      return text.bytes
    }
    var all = entries
    all.append(("dc886566-984a-4798-a75e-5585a7bf67cc", number(UInt32(imageCount - Self.sevAt))))
    all.append(("e47a6535-984a-4798-865e-4685a7bf8ec2", number(UInt32(imageCount - Self.tdxAt))))
    if let hashTable { all.append(("7255371f-3a3b-4b04-927b-1da6efa8d454", number(hashTable) + number(0x400))) }
    if let resetVector { all.append(("00f771de-1a7e-4fcb-890e-68c77e2fb44e", number(resetVector))) }
    let body = all.flatMap { Self.entry($0.guid, $0.data) }
    return body + Self.entry("96b582de-1fb2-45f7-baea-a366c55a082d", [], count: body.count + 18)
  }

  private static func entry(_ guid: String, _ data: [UInt8], count: Int? = nil) -> [UInt8] {
    let groups = guid.split(separator: "-").map { (try? Hex.decode(String($0), "guid")) ?? [] }
    let stored = groups.prefix(3).flatMap { $0.reversed() } + groups.dropFirst(3).joined()
    var header = ByteWriter()
    header.littleEndian(UInt16(count ?? data.count + 18))
    return data + header.bytes + stored
  }
}

/// A copy with one thing changed.
func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
  var copy = value
  change(&copy)
  return copy
}
