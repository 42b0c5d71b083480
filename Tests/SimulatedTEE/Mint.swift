import Bytes
import CMint

/// The Swift side of the minting door. Fails only when OpenSSL is out of memory or a caller asks for the impossible, so
/// failure stops the test.
enum Mint {
  static func rsaKey(bits: UInt32 = 4096) -> [UInt8] { unsafe filled { unsafe mint_rsa_key(bits, $0, $1) } }
  static func p384Key() -> [UInt8] { unsafe filled { unsafe mint_ec_key("P-384", $0, $1) } }
  static func p256Key() -> [UInt8] { unsafe filled { unsafe mint_ec_key("P-256", $0, $1) } }

  static func publicKey(of pkcs8: [UInt8]) -> [UInt8] {
    unsafe withBytes(pkcs8) { key in unsafe filled { unsafe mint_public_key(key, $0, $1) } }
  }

  /// r ‖ s, big-endian, 32 bytes each under a P-256 key and 48 under a P-384 key.
  static func sign(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    unsafe withBytes(key) { key in
      unsafe withBytes(message) { message in unsafe filled { unsafe mint_sign_ecdsa(key, message, $0, $1) } }
    }
  }

  static func name(_ name: SimulatedName) -> [UInt8] {
    unsafe name.withC { name in unsafe filled { unsafe mint_name_der(name, $0, $1) } }
  }

  static func certificate(_ wanted: SimulatedCertificate) -> [UInt8] {
    var made = unsafe mint_certificate()
    unsafe made.signature = wanted.signature.constant
    unsafe made.serial = wanted.serial
    unsafe made.not_before = wanted.notBefore.seconds
    unsafe made.not_after = wanted.notAfter.seconds
    unsafe made.is_authority = wanted.isAuthority
    unsafe made.path_length = Int32(wanted.pathLength ?? -1)
    unsafe made.profile = wanted.profile.constant
    return unsafe wanted.subject.withC { subject in
      unsafe wanted.issuer.withC { issuer in
        unsafe withBytes(wanted.subjectPublicKeyInfo) { subjectKey in
          unsafe withBytes(wanted.issuerKey) { issuerKey in
            unsafe withBytes(wanted.forgingKey) { forgingKey in
              unsafe made.subject = unsafe subject
              unsafe made.issuer = unsafe issuer
              unsafe made.subject_key = unsafe subjectKey
              unsafe made.issuer_key = unsafe issuerKey
              unsafe made.forging_key = unsafe forgingKey
              return unsafe finished(&made, wanted)
            }
          }
        }
      }
    }
  }

  private static func finished(_ made: inout mint_certificate, _ wanted: SimulatedCertificate) -> [UInt8] {
    unsafe withExtensions(wanted.extensions[...], []) { extensions in
      unsafe extensions.withUnsafeBufferPointer { list in
        unsafe made.extensions = list.baseAddress
        unsafe made.extension_count = list.count
        guard let address = wanted.distributionPoint else {
          return unsafe filled { unsafe mint_certificate_der(&made, $0, $1) }
        }
        return unsafe address.withCString { address in
          unsafe made.distribution_point = unsafe address
          return unsafe filled { unsafe mint_certificate_der(&made, $0, $1) }
        }
      }
    }
  }

  static func revocationList(_ wanted: SimulatedRevocationList) -> [UInt8] {
    var made = unsafe mint_revocation_list()
    unsafe made.signature = wanted.signature.constant
    unsafe made.number = wanted.number
    unsafe made.this_update = wanted.thisUpdate.seconds
    unsafe made.next_update = wanted.nextUpdate?.seconds ?? 0
    unsafe made.is_intel = wanted.issuer.layout == .intel
    return unsafe wanted.issuer.withC { issuer in
      unsafe withBytes(wanted.issuerKey) { issuerKey in
        unsafe withBytes(wanted.forgingKey) { forgingKey in
          unsafe wanted.revokedSerials.withUnsafeBufferPointer { revoked in
            unsafe made.issuer = unsafe issuer
            unsafe made.issuer_key = unsafe issuerKey
            unsafe made.forging_key = unsafe forgingKey
            unsafe made.revoked = revoked.baseAddress
            unsafe made.revoked_count = revoked.count
            return unsafe filled { unsafe mint_revocation_list_der(&made, $0, $1) }
          }
        }
      }
    }
  }

  private static func withExtensions(
    _ rest: ArraySlice<SimulatedExtension>, _ done: [mint_extension], _ body: ([mint_extension]) -> [UInt8]
  ) -> [UInt8] {
    guard let first = rest.first else { return unsafe body(done) }
    return unsafe first.oid.withCString { oid in
      unsafe withBytes(first.value) { value in
        let made = unsafe mint_extension(oid: oid, critical: first.isCritical, value: value)
        return unsafe withExtensions(rest.dropFirst(), done + [made], body)
      }
    }
  }

  private static func withBytes(_ bytes: [UInt8], _ body: (mint_bytes) -> [UInt8]) -> [UInt8] {
    unsafe bytes.withUnsafeBufferPointer { unsafe body(mint_bytes(bytes: $0.baseAddress, count: $0.count)) }
  }

  private static func filled(_ body: (UnsafeMutablePointer<UInt8>?, Int) -> Int) -> [UInt8] {
    let made = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = unsafe body(buffer.baseAddress, buffer.count)
    }
    precondition(!made.isEmpty, "minting failed")
    return made
  }
}

extension SimulatedName {
  fileprivate func withC(_ body: (mint_name) -> [UInt8]) -> [UInt8] {
    unsafe organization.withCString { organization in
      unsafe commonName.withCString { commonName in
        var name = unsafe mint_name()
        unsafe name.layout = layout.constant
        unsafe name.organization = unsafe organization
        unsafe name.common_name = unsafe commonName
        guard let serialNumber else { return unsafe body(name) }
        return unsafe serialNumber.withCString { serialNumber in
          unsafe name.serial_number = unsafe serialNumber
          return unsafe body(name)
        }
      }
    }
  }
}

extension SimulatedName.Layout {
  fileprivate var constant: mint_name_layout {
    switch self {
    case .amd: MINT_NAME_AMD
    case .intel: MINT_NAME_INTEL
    case .nvidia: MINT_NAME_NVIDIA
    }
  }
}

extension SimulatedSignature {
  fileprivate var constant: mint_signature {
    switch self {
    case .pssSHA384: MINT_PSS_SHA384
    case .pssSHA384Salt32: MINT_PSS_SHA384_SALT_32
    case .pssSHA256: MINT_PSS_SHA256
    case .pssSHA384MaskSHA256: MINT_PSS_SHA384_MGF1_SHA256
    case .pkcs1SHA384: MINT_PKCS1_SHA384
    case .ecdsaSHA256: MINT_ECDSA_SHA256
    case .ecdsaSHA384: MINT_ECDSA_SHA384
    }
  }
}

extension SimulatedCertificate.Profile {
  fileprivate var constant: mint_profile {
    switch self {
    case .plain: MINT_PROFILE_PLAIN
    case .bare: MINT_PROFILE_BARE
    case .intel: MINT_PROFILE_INTEL
    }
  }
}
