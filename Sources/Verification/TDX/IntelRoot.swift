import Bytes
import Cryptography

/// Intel's SGX Root CA, under which TDX platforms, their revocation and their TCB are signed: subject name and
/// SubjectPublicKeyInfo, as facts.
///
/// Spec: Intel SGX and TDX Provisioning Certification Service, root certificate.
enum IntelRoot {
  /// SHA-256 of the key: a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e
  static let trust: TrustAnchor = {
    let subject = """
      MGgxGjAYBgNVBAMMEUludGVsIFNHWCBSb290IENBMRowGAYDVQQKDBFJbnRlbCBDb3Jwb3JhdGlvbjEUMBIGA1UEBwwLU2FudGEgQ2xhcmEx\
      CzAJBgNVBAgMAkNBMQswCQYDVQQGEwJVUw==
      """
    let key = """
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi71OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalT\
      VYxFP2sJBK5zlA==
      """
    // A literal that does not decode leaves an anchor that `TrustAnchor` cannot use: it trusts nothing.
    let decoded = [subject, key].map { (try? Base64.decode($0, .standard, "anchor")) ?? [] }
    return TrustAnchor(name: "Intel SGX Root CA", subject: decoded[0], subjectPublicKeyInfo: decoded[1])
  }()
}
