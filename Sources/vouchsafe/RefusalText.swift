import Bytes
import Terminal
import Verification

/// A refusal that came before anything was judged, for a person: what was found, and what usually helps.
enum RefusalText {
  static func text(_ shown: JSONValue) -> String {
    guard let code = shown["code"]?.stringValue else { return Console.printable(CanonicalJSON.pretty(shown)) }
    var lines = [code + (shown["field"]?.stringValue.map { " in \($0)" } ?? "")]
    for name in ["got", "wanted", "detail"] {
      guard let value = shown[name]?.stringValue, !value.isEmpty else { continue }
      lines.append("    \(name)\(String(repeating: " ", count: 8 - name.count))\(value)")
    }
    if let advice = advice(code) { lines.append(advice) }
    return lines.map { Console.printable($0) + "\n" }.joined()
  }

  private static func advice(_ code: String) -> String? {
    if code == "additionalEvidenceUnsupported" { return "of further devices only NVIDIA's evidence is verified" }
    guard let kind = Refusal.Code(rawValue: code)?.kind else { return nil }
    return switch kind {
    case .malformed: "the pod sent something that is no evidence of that technology"
    case .invalid: "the evidence is forged, altered, or was made for another session, key or platform"
    case .missing: "the broker lacks what the vendor signed about this platform; add it to its collateral"
    case .stale: "what the vendor signed about this platform has run out; renew the broker's collateral"
    case .unacceptable: "the platform is genuine, and in a state that the built-in rule refuses"
    }
  }
}
