package import Bytes
import CCrypto

/// A path from a leaf to an anchor, verified at one time. Signed by: the anchor.
package struct VerifiedChain: Sendable, Hashable {
  /// The leaf first, the certificate the anchor issued last.
  package let path: [Certificate]
  package let anchor: TrustAnchor
  /// The lists that were enforced.
  package let revocationLists: [CertificateRevocationList]
  /// When it was verified, and nothing but that: callers who keep it ask again.
  package let at: Timestamp

  package var leaf: Certificate { path[0] }

  /// From when, and until when (not included), every certificate and every enforced list is valid.
  package var validity: Range<Timestamp>? {
    let first = (path.map(\.notBefore) + revocationLists.map(\.thisUpdate)).max() ?? at
    let last = (path.map(\.notAfter) + revocationLists.compactMap(\.nextUpdate)).min() ?? at
    return first <= last ? first..<last : nil
  }
}

/// Verifies a chain. Spec: RFC 5280 §6, security level 2, one anchor.
///
/// `intermediates` is a bag: certificates that lead nowhere, and carried roots, are passed over.
/// - Throws: `ChainError`, naming the certificate.
package func verifyChain(
  leaf: Certificate, intermediates: [Certificate], anchor: TrustAnchor,
  revocationLists: [CertificateRevocationList] = [], at time: Timestamp, profile: ChainProfile
) throws(ChainError) -> VerifiedChain {
  if let chain = plainChain(
    leaf: leaf, intermediates: intermediates, anchor: anchor, revocationLists: revocationLists, at: time,
    profile: profile)
  {
    return chain
  }
  guard let carrier = anchor.carrier else { throw .malformed(certificate: intermediates.count + 1) }
  let result = try runChain(leaf, intermediates, carrier, revocationLists, time, profile)
  if let error = ChainError(result) { throw error }
  let path = read(result.path, Int(result.count)).map { $0 < 0 ? leaf : intermediates[$0] }
  guard profile.certificateCount.contains(path.count) else { throw .wrongLength(path.count) }
  let enforced = read(result.crls, Int(result.crl_count)).map { revocationLists[$0] }
  let chain = VerifiedChain(path: path, anchor: anchor, revocationLists: enforced, at: time)
  try requireSignatures(chain, profile.signature)
  return chain
}

private func runChain(
  _ leaf: Certificate, _ intermediates: [Certificate], _ anchor: Certificate, _ lists: [CertificateRevocationList],
  _ time: Timestamp, _ profile: ChainProfile
) throws(ChainError) -> cc_chain_result {
  var result = cc_chain_result()
  let certificateHandles = try handles([leaf] + intermediates + [anchor])
  let certificates: [OpaquePointer?] = unsafe certificateHandles.dropFirst().dropLast().map { unsafe $0.pointer }
  let listHandles = try handles(lists)
  let crls: [OpaquePointer?] = unsafe listHandles.map { unsafe $0.pointer }
  unsafe certificates.withUnsafeBufferPointer { certificates in
    unsafe crls.withUnsafeBufferPointer { crls in
      var request = unsafe cc_chain_request()
      unsafe request.leaf = certificateHandles[0].pointer
      unsafe request.anchor = certificateHandles[certificateHandles.count - 1].pointer
      unsafe request.intermediates = certificates.baseAddress
      unsafe request.intermediate_count = certificates.count
      unsafe request.crls = crls.baseAddress
      unsafe request.crl_count = crls.count
      unsafe request.at = time.seconds
      unsafe request.is_strict = profile.strict ? 1 : 0
      unsafe request.revocation = profile.revocation == .required ? CC_REVOCATION_REQUIRED : CC_REVOCATION_WHEN_PRESENT
      unsafe cc_chain_verify(&request, &result)
    }
  }
  // The pointers above belong to these values.
  withExtendedLifetime((certificateHandles, listHandles)) {}
  return result
}

private func handles(_ certificates: [Certificate]) throws(ChainError) -> [CertificateHandle] {
  var handles: [CertificateHandle] = []
  for certificate in certificates {
    guard let handle = try? certificate.handle else { throw .malformed(certificate: handles.count) }
    handles.append(handle)
  }
  return handles
}

/// - Throws: `.other` for a list that libcrypto cannot read.
private func handles(_ lists: [CertificateRevocationList]) throws(ChainError) -> [RevocationListHandle] {
  var handles: [RevocationListHandle] = []
  for list in lists {
    guard let handle = try? list.handle else { throw .other(0) }
    handles.append(handle)
  }
  return handles
}

/// libcrypto accepts any padding and salt that verifies; a vendor uses exactly one.
private func requireSignatures(_ chain: VerifiedChain, _ rule: ChainProfile.Signature) throws(ChainError) {
  for (index, certificate) in chain.path.enumerated() {
    guard rule.permits(certificate.signatureAlgorithm) else { throw .weakAlgorithm(certificate: index) }
    guard case .rsaPSS(_, _, let bits) = rule else { continue }
    let isLast = index + 1 == chain.path.count
    let issuerKey =
      isLast
      ? try? VerifyingKey(subjectPublicKeyInfo: chain.anchor.subjectPublicKeyInfo) : chain.path[index + 1].publicKey
    guard issuerKey?.kind == .rsa(bits: bits) else { throw .weakAlgorithm(certificate: index + 1) }
  }
  for list in chain.revocationLists where !rule.permits(list.signatureAlgorithm) {
    let index = chain.path.firstIndex { $0.issuer == list.issuer } ?? chain.path.count
    throw .weakAlgorithm(certificate: index)
  }
}

extension ChainProfile.Signature {
  fileprivate func permits(_ algorithm: SignatureAlgorithm) -> Bool {
    switch self {
    case .any: algorithm != .other
    case .ecdsa(let hash): algorithm == .ecdsa(hash)
    case .rsaPSS(let hash, let salt, _): algorithm == .rsaPSS(hash, mgf1Hash: hash, saltLength: salt)
    }
  }
}

/// The first `count` elements of a C array of `CC_CHAIN_MAX`, which Swift sees as a tuple.
private func read<T>(_ tuple: T, _ count: Int) -> [Int] {
  unsafe withUnsafeBytes(of: tuple) { unsafe $0.bindMemory(to: Int32.self).prefix(count).map { Int($0) } }
}
