import Bytes
import Cryptography

extension SimulatedTDX {
  /// A signed quote.
  /// - Parameter reportData: at most 64 bytes, padded with zeros.
  package func quote(reportData: [UInt8]) -> [UInt8] {
    precondition(reportData.count <= 64, "report data has 64 bytes")
    var quote = header + body(reportData + [UInt8](repeating: 0, count: 64 - reportData.count))
    for (offset, patch) in signedPatches { quote.replaceSubrange(offset..<offset + patch.count, with: patch) }
    let signature = signatureData(over: quote)
    var size = ByteWriter()
    size.littleEndian(statedSignatureSize ?? UInt32(signature.count))
    quote += size.bytes + signature
    for (offset, patch) in patches { quote.replaceSubrange(offset..<offset + patch.count, with: patch) }
    if let paddedTo, quote.count < paddedTo { quote += [UInt8](repeating: 0, count: paddedTo - quote.count) }
    return quote
  }

  /// Where the body starts.
  package var bodyOffset: Int { version >= 5 ? 54 : 48 }
  package var bodySize: Int { bodyType == 4 ? 885 : bodyType == 3 ? 648 : 584 }
  /// Where the signature data starts, after its size.
  package var signatureOffset: Int { bodyOffset + bodySize + 4 }

  private var header: [UInt8] {
    var header = ByteWriter(reserving: 54)
    header.littleEndian(version)
    header.littleEndian(attestationKeyType)
    header.littleEndian(teeType)
    header.littleEndian(headerReserved)
    header.append(qeVendorID + userData)
    if version >= 5 {
      header.littleEndian(statedBodyType ?? bodyType)
      header.littleEndian(statedBodySize ?? UInt32(bodySize))
    }
    return header.bytes
  }

  private func body(_ reportData: [UInt8]) -> [UInt8] {
    var body = ByteWriter(reserving: bodySize)
    body.append(teeTCBSVN + mrSEAM + mrSignerSEAM)
    body.littleEndian(seamAttributes)
    body.littleEndian(tdAttributes)
    body.littleEndian(xfam)
    body.append(mrTD + mrConfigID + mrOwner + mrOwnerConfig)
    for register in rtmrs { body.append(register) }
    body.append(reportData)
    if bodyType >= 3 { body.append((teeTCBSVN2 ?? teeTCBSVN) + mrServiceTD) }
    if bodyType >= 4 { body.append(partitioning) }
    return body.bytes
  }

  private func signatureData(over signed: [UInt8]) -> [UInt8] {
    let outer = certificationData
    var data = ByteWriter(reserving: 5000)
    data.append(Mint.sign(signed, key: bodySigningKey ?? attestationKey))
    data.append(Self.point(attestationKey))
    data.littleEndian(outerType)
    data.littleEndian(statedOuterSize ?? UInt32(outer.count))
    data.append(outer)
    return data.bytes
  }

  private var certificationData: [UInt8] {
    let binding = Hash.sha256.digest(Self.point(attestationKey) + authenticationData)
    let report = qeReport.bytes(
      cpuSVN: platform.cpuSVN ?? platform.components, binding: binding + [UInt8](repeating: 0, count: 32))
    let inner = innerData ?? certificates
    var data = ByteWriter(reserving: 5000)
    data.append(report)
    data.append(Mint.sign(report, key: qeSigningKey ?? intel.keys.pck))
    data.littleEndian(statedAuthenticationSize ?? UInt16(authenticationData.count))
    data.append(authenticationData)
    data.littleEndian(innerType)
    data.littleEndian(statedInnerSize ?? UInt32(inner.count))
    data.append(inner)
    return data.bytes
  }

  /// x ‖ y.
  private static func point(_ key: [UInt8]) -> [UInt8] { Array(Mint.publicKey(of: key).suffix(64)) }

  /// The platform's certificate before it is signed, after `editPCK`.
  package var pckTemplate: SimulatedCertificate {
    var template = intel.pckTemplate(platform)
    editPCK(&template)
    return template
  }

  /// DER of what lies in the quote, leaf first.
  package var chain: [[UInt8]] {
    var chain = [pckTemplate.der, intel.authority(platform.authority), intel.root]
    editChain(&chain)
    return chain
  }

  private var certificates: [UInt8] {
    let text = chain.map { PEM.encode("CERTIFICATE", $0) }.joined()
    return Array(text.utf8) + (endsWithNUL ? [0] : [])
  }
}
