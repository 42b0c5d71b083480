/// Builds byte strings; the counterpart of `ByteCursor`.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}
  package init(reserving count: Int) { bytes.reserveCapacity(count) }

  package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
  package mutating func append(byte: UInt8) { bytes.append(byte) }
  package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
  package mutating func zeros(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }

  package mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> T(shift))) }
  }

  package mutating func bigEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// A u32 big-endian length and the bytes: no two lists of fields share an encoding.
  /// - Precondition: fewer than 2³² bytes.
  package mutating func lengthPrefixed(_ field: some Collection<UInt8>) {
    bigEndian(UInt32(field.count))
    bytes.append(contentsOf: field)
  }

  package mutating func lengthPrefixed(_ text: String) { lengthPrefixed(Array(text.utf8)) }
}
