import Bytes
import Cryptography

/// The roots of NVIDIA: subject name and SubjectPublicKeyInfo, as facts.
enum NVIDIARoot {
  /// What an anchor of NVIDIA speaks for; the anchor's `product`.
  static let devices = "device"
  static let manifests = "manifest"

  /// Of every GPU and switch. SHA-256 of the key: a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4
  static let device = trust(
    "NVIDIA Device Identity CA",
    subject: """
      MDUxIjAgBgNVBAMMGU5WSURJQSBEZXZpY2UgSWRlbnRpdHkgQ0ExDzANBgNVBAoMBk5WSURJQQ==
      """,
    key: """
      MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEDkwUozv4pWJmWNtBKWB+TL9FGcRBJxb00NkXxJeABb3qvq79V7xmCC1xik+LYFLhUW7op8QiuE3oVwcb\
      tY/Tlb6gz6HGPufIDWvWOQHZHLvRh9OFfcFrXM6vI4/4wn29
      """)

  /// Of reference manifests. SHA-256 of the key: dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3
  static let manifest = trust(
    "NVIDIA CoRIM signing Root CA",
    subject: """
      MEUxCzAJBgNVBAYTAlVTMQ8wDQYDVQQKDAZOVklESUExJTAjBgNVBAMMHE5WSURJQSBDb1JJTSBzaWduaW5nIFJvb3QgQ0E=
      """,
    key: """
      MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEuECyi9vNM+Iw2lfUzyBldHAwaC1HF7TCgp12QcEyUTm3Tagxwr48d55+K2VIlWYIDk7NlAIQdcV/Ff7e\
      uGLI+Qauj93HsSI4WX298PpW54RTgz9tC+Q684caR/BXWEeZ
      """)

  private static func trust(_ name: String, subject: String, key: String) -> TrustAnchor {
    // A literal that does not decode leaves an anchor that `TrustAnchor` cannot use: it trusts nothing.
    let decoded = [subject, key].map { (try? Base64.decode($0, .standard, "anchor")) ?? [] }
    return TrustAnchor(name: name, subject: decoded[0], subjectPublicKeyInfo: decoded[1])
  }
}
