package import Bytes

extension ReferenceValues {
  /// The values as if that bundle, whoever signed it, were in force from the beginning on, in place of one of its name. For
  /// people who want to know what would follow; nothing is released by it.
  package func supposing(_ bundle: ReferenceBundle) throws(ParseError) -> ReferenceValues {
    guard var document = bundle.document.objectValue else { throw ParseError("bundle", .wrongType) }
    document["notBefore"] = nil
    var values = self
    let version = (bundles[bundle.name]?.version ?? 0) + 1
    values.bundles[bundle.name] = ActiveBundle(
      bundle: try ReferenceBundle(document: .object(document)), version: version, digest: [])
    return values
  }
}
