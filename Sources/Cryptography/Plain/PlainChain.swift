import Bytes
import CCrypto

/// The path of a leaf in the plain form, when every question has one answer: one issuer, one list of each issuer, every
/// certificate in its profile, every signature good, every date right and no serial number listed. `nil` otherwise: then
/// libcrypto decides, and says why not. Spec: RFC 5280 §6.
///
/// Signatures that were found good stay so: with the same objects only those of new ones are checked.
func plainChain(
  leaf: Certificate, intermediates: [Certificate], anchor: TrustAnchor, revocationLists: [CertificateRevocationList],
  at time: Timestamp, profile: ChainProfile
) -> VerifiedChain? {
  guard profile == .intelPCK || profile == .intelTCBSigning, leaf.plain != nil, leaf.publicKey?.kind == .p256,
    let anchorKey = anchor.key
  else { return nil }
  var path = [leaf]
  var issuerKey: VerifyingKey?
  if profile == .intelPCK {
    guard let issuer = intermediates.only({ $0.subject == leaf.issuer }), let key = issuer.publicKey else { return nil }
    path.append(issuer)
    issuerKey = key
  }
  var lists: [CertificateRevocationList] = []
  for certificate in path {
    guard let list = revocationLists.only({ $0.issuer == certificate.issuer }) else { return nil }
    lists.append(list)
  }
  let keys = [issuerKey, anchorKey].compactMap { $0 }
  guard follow(path, lists, keys, anchor, time) else { return nil }
  return VerifiedChain(path: path, anchor: anchor, revocationLists: lists, at: time)
}

/// Whether every step holds; what was found signed is remembered.
///
/// - Parameters:
///   - lists: of the issuer of each certificate of the path.
///   - keys: the key of the issuer of each.
private func follow(
  _ path: [Certificate], _ lists: [CertificateRevocationList], _ keys: [VerifyingKey], _ anchor: TrustAnchor,
  _ time: Timestamp
) -> Bool {
  guard let first = unsafe link(path[0], by: keys[0]), let firstList = unsafe link(lists[0], by: keys[0]) else {
    return false
  }
  var request = unsafe cc_plain_path()
  unsafe (request.links.0, request.lists.0) = (first, firstList)
  if path.count == 2 {
    guard let next = unsafe link(path[1], by: keys[1]), let nextList = unsafe link(lists[1], by: keys[1]) else {
      return false
    }
    unsafe (request.links.1, request.lists.1) = (next, nextList)
    unsafe request.issuer_key = keys[0].handle.pointer
  }
  unsafe request.count = path.count
  unsafe request.anchor_key = keys[keys.count - 1].handle.pointer
  unsafe request.at = time.seconds
  let isGood = unsafe anchor.subject.withUnsafeBufferPointer { name in
    unsafe (request.anchor_name, request.anchor_name_count) = (name.baseAddress, name.count)
    return unsafe cc_plain_verify(&request) == CC_OK
  }
  // The pointers above belong to these values.
  withExtendedLifetime((path, lists, keys)) {}
  guard isGood else { return false }
  for (certificate, key) in zip(path, keys) { certificate.remember(signedBy: key) }
  for (list, key) in zip(lists, keys) { list.remember(signedBy: key) }
  return true
}

private func link(_ certificate: Certificate, by key: VerifyingKey) -> cc_plain_link? {
  guard let plain = certificate.plain else { return nil }
  return unsafe cc_plain_link(certificate: plain.pointer, is_signed: certificate.isKnown(signedBy: key) ? 1 : 0)
}

private func link(_ list: CertificateRevocationList, by key: VerifyingKey) -> cc_plain_listing? {
  guard let plain = list.plain else { return nil }
  return unsafe cc_plain_listing(list: plain.pointer, is_signed: list.isKnown(signedBy: key) ? 1 : 0)
}

extension Array where Element: Equatable {
  /// The element that fits, however often it is there; `nil` when none does, or two that differ.
  fileprivate func only(_ fits: (Element) -> Bool) -> Element? {
    guard let first = first(where: fits) else { return nil }
    return allSatisfy { !fits($0) || $0 == first } ? first : nil
  }
}
