package import Bytes
import Evidence

extension SimulatedKeys {
  /// The anchors file that makes a verifier believe these keys: one root for each of AMD's products, Intel's, and NVIDIA's two.
  package var anchorsFile: JSONValue {
    let amd = SNPProduct.allCases.map { product in
      Self.anchor(
        SimulatedSNPAuthority(product, keys: self).arkName, product: product.rawValue, tee: .snp, key: root)
    }
    let intel = Self.anchor(SimulatedIntel.rootName, product: "Intel", tee: .tdx, key: intel.root)
    let nvidia = [
      Self.anchor(SimulatedNVIDIA.rootName, product: "device", tee: .nvidia, key: self.nvidia.root),
      Self.anchor(SimulatedNVIDIA.manifestRootName, product: "manifest", tee: .nvidia, key: self.nvidia.manifestRoot),
    ]
    return .object([("anchors", .array(amd + [intel] + nvidia))])
  }

  private static func anchor(_ name: SimulatedName, product: String, tee: TEE, key: [UInt8]) -> JSONValue {
    .object([
      ("name", .string("\(name.commonName) (Vouchsafe SIMULATED)")), ("product", .string(product)),
      ("tee", .string(tee.rawValue)), ("subject", .string(Base64.encode(name.der))),
      ("spki", .string(Base64.encode(Mint.publicKey(of: key)))),
    ])
  }
}
