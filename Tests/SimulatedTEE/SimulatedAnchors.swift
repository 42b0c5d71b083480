package import Bytes
import Evidence

extension SimulatedKeys {
  /// The anchors file that makes a verifier believe these keys: one root for each product.
  package var anchorsFile: JSONValue {
    let anchors = SNPProduct.allCases.map { product in
      let name = SimulatedSNPAuthority(product, keys: self).arkName
      return JSONValue.object([
        ("name", .string("\(name.commonName) (Vouchsafe SIMULATED)")), ("product", .string(product.rawValue)),
        ("tee", "snp"), ("subject", .string(Base64.encode(name.der))),
        ("spki", .string(Base64.encode(Mint.publicKey(of: root)))),
      ])
    }
    return .object([("anchors", .array(anchors))])
  }
}
