@testable import Verification

/// The one code that a forged report is refused with, worked out from its bytes by the order in which its fields are
/// checked, and by nothing of the verifier's.
///
/// Shape: AMD 56860, ATTESTATION_REPORT. One certificate of a signing key is at hand, and it is the original's.
struct ReportOracle {
  let original: [UInt8]

  func code(_ bytes: [UInt8]) -> Refusal.Code {
    if let code = layout(bytes) { return code }
    if bytes[0x50..<0x90] != original[0x50..<0x90] { return .reportDataMismatch }
    let kind = key(bytes)
    if kind > 1 || bytes[0x48] & 2 != 0 { return .signingKeyUnusable }
    if kind != key(original) { return .signingKeyMismatch }
    if bytes.number(0, 4) >= 3 {
      guard let product = Self.product(bytes[0x188], bytes[0x189]) else { return .productUnsupported }
      if product != made { return .productMismatch }
    }
    if kind == 0, bytes[0x1A0..<0x1E0] != original[0x1A0..<0x1E0] {
      return bytes[0x1A0..<0x1E0].allSatisfy { $0 == 0 } ? .chipIDMasked : .chipIDMismatch
    }
    return levels(bytes) ?? .signatureInvalid
  }

  private func layout(_ bytes: [UInt8]) -> Refusal.Code? {
    guard bytes.count == original.count else { return .malformed }
    if !(2...5).contains(bytes.number(0, 4)) { return .unsupportedVersion }
    let mustBeZero = [0x49..<0x50, 0x330..<0x4A0, 0x2D0..<0x2E8, 0x318..<0x330]
    let isMalformed = bytes.number(0x34, 4) != 1 || bytes[0x48] > 0x1F || mustBeZero.contains { bytes.isSet($0) }
    if isMalformed { return .malformed }
    return bytes.isSet(0x2A0..<0x2D0) && bytes.isSet(0x2E8..<0x318) ? nil : .unsignedReport
  }

  private func key(_ bytes: [UInt8]) -> UInt8 { bytes[0x48] >> 2 & 7 }

  /// Whose certificate is at hand: what the original says, and the first of all where it does not.
  private var made: Int { original.number(0, 4) < 3 ? 0 : Self.product(original[0x188], original[0x189]) ?? 0 }

  private static func product(_ family: UInt8, _ model: UInt8) -> Int? {
    switch (family, model) {
    case (0x19, ..<0x10): 0
    case (0x19, 0x10..<0x20), (0x19, 0xA0..<0xB0): 1
    case (0x1A, ..<0x12): 2
    default: nil
    }
  }

  private func levels(_ bytes: [UInt8]) -> Refusal.Code? {
    let components = made == 2 ? [0, 1, 2, 3, 7] : [0, 1, 6, 7]
    func level(_ text: [UInt8], _ start: Int) -> [UInt8] { components.map { text[start + $0] } }
    func isAtLeast(_ high: [UInt8], _ low: [UInt8]) -> Bool { zip(high, low).allSatisfy { $0 >= $1 } }
    let (reported, committed, current) = (level(bytes, 0x180), level(bytes, 0x1E0), level(bytes, 0x38))
    if reported != level(original, 0x180) { return .tcbMismatch }
    return isAtLeast(committed, reported) && isAtLeast(current, committed) ? nil : .tcbOrder
  }
}

/// The same for a quote; `nil` where the text of its certificates decides.
///
/// Shape: Intel TDX DCAP Quote Generation Library, TD Quote, versions 4 and 5.
struct QuoteOracle {
  let original: [UInt8]

  func code(_ bytes: [UInt8]) -> Refusal.Code? {
    if let code = header(bytes) { return code }
    guard (1020...65_536).contains(bytes.count) else { return .malformed }
    if let code = descriptor(bytes) { return code }
    guard let parts = parts(bytes) else { return .malformed }
    if (1...4).contains(parts.type) { return .certificatesNotEmbedded }
    let begins = bytes[parts.certificates].starts(with: "-----BEGIN CERTIFICATE-----".utf8)
    if parts.type != 5 || (!isPartitioned(bytes) && !begins) { return .malformed }
    if isPartitioned(bytes) { return .unsupportedQuote }
    guard let own = self.parts(original) else { return nil }
    let data = own.body + 520..<own.body + 584
    guard bytes.count == original.count, parts.certificates == own.certificates else { return nil }
    if bytes[data] != original[data] { return .reportDataMismatch }
    if bytes[12..<28] != original[12..<28] { return .quotingEnclaveUnknown }
    if bytes[own.certificates] != original[own.certificates] { return nil }
    let enclave = own.signature + 134..<own.signature + 582
    if bytes[enclave] != original[enclave] { return .enclaveSignatureInvalid }
    let key = own.signature + 64..<own.signature + 128
    let isKeyChanged = bytes[key] != original[key] || bytes[own.authentication] != original[own.authentication]
    return isKeyChanged ? .attestationKeyMismatch : .signatureInvalid
  }

  private func header(_ bytes: [UInt8]) -> Refusal.Code? {
    guard bytes.count >= 48 else { return .malformed }
    if bytes.number(4, 4) == 0 { return .unsupportedTEE }
    if ![4, 5].contains(bytes.number(0, 2)) { return .unsupportedVersion }
    if bytes.number(2, 2) != 2 { return .unsupportedQuote }
    return bytes.number(4, 4) == 0x81 ? nil : .malformed
  }

  private func descriptor(_ bytes: [UInt8]) -> Refusal.Code? {
    guard bytes.number(0, 2) == 5 else { return nil }
    if bytes.number(48, 2) == 1 { return .unsupportedTEE }
    guard let size = [2: 584, 3: 648, 4: 885][bytes.number(48, 2)] else { return .unsupportedQuote }
    return bytes.number(50, 4) == size ? nil : .malformed
  }

  private func isPartitioned(_ bytes: [UInt8]) -> Bool { bytes.number(0, 2) == 5 && bytes.number(48, 2) == 4 }

  /// Where the parts lie; `nil` when a size does not fit.
  private func parts(
    _ bytes: [UInt8]
  ) -> (body: Int, signature: Int, authentication: Range<Int>, type: Int, certificates: Range<Int>)? {
    let isNewer = bytes.number(0, 2) == 5
    let body = isNewer ? 54 : 48
    let start = body + (isNewer ? bytes.number(50, 4) : 584) + 4
    guard start <= bytes.count else { return nil }
    let end = start + bytes.number(start - 4, 4)
    guard end <= bytes.count, start + 584 <= end, bytes.number(start + 128, 2) == 6,
      bytes.number(start + 130, 4) == end - start - 134
    else { return nil }
    let count = bytes.number(start + 582, 2)
    let inner = start + 590 + count
    guard count <= 1024, inner <= end, bytes.number(inner - 4, 4) == end - inner, !bytes.isSet(end..<bytes.count)
    else { return nil }
    return (body, start, start + 584..<inner - 6, bytes.number(inner - 6, 2), inner..<end)
  }
}

/// For a document of Intel's whose signature was changed and nothing else.
struct SignatureOracle {
  private static let tail = 2
  let original: [UInt8]

  func code(_ bytes: [UInt8]) -> Refusal.Code? {
    let digits = original.count - Self.tail - 128..<original.count - Self.tail
    guard bytes.count == original.count, bytes[..<digits.lowerBound] == original[..<digits.lowerBound],
      bytes[digits.upperBound...] == original[digits.upperBound...]
    else { return nil }
    let isText = bytes[digits].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    return isText ? .collateralSignatureInvalid : .collateralMalformed
  }
}

extension [UInt8] {
  /// `count` bytes from `start` on, little-endian.
  fileprivate func number(_ start: Int, _ count: Int) -> Int {
    self[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  fileprivate func isSet(_ range: Range<Int>) -> Bool { self[range].contains { $0 != 0 } }
}
