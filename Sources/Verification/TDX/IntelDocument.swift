import Bytes
import Cryptography

/// A TCB info or a QE identity with its signature, neither looked at: unverified.
///
/// The signature covers `body` exactly as it was received, so those bytes are kept and nothing is written anew.
package struct IntelDocument: Sendable, Hashable {
  indirect enum Content: Sendable, Equatable {
    case tcbInfo(TCBInfo)
    case identity(QEIdentity)
    /// Of the right form, for something else than TDX; the id it states.
    case otherID(String)
    case malformed(ParseError)
  }

  enum Kind: String, Sendable {
    case tcbInfo
    case identity = "enclaveIdentity"
  }

  let kind: Kind
  /// From its `{` to its `}`, as received.
  package let body: [UInt8]
  /// r ‖ s; empty when the text was no signature.
  package let signature: [UInt8]
  let content: Content
  /// SHA-256 over body and signature: what it is remembered by.
  let digest: [UInt8]

  static let limitBytes = 1 << 20
  static let limits = StrictJSON.Limits(depth: 16, tokens: 100_000)

  /// - Parameters:
  ///   - signature: 128 digits of lower-case hexadecimal; another text makes the document malformed.
  ///   - element: what `body` holds, when it has been read already.
  init(kind: Kind, body: [UInt8], signature text: String, element: JSONElement? = nil) {
    let isLowerCase = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    let signature = isLowerCase ? (try? Hex.decode(text, "signature")) ?? [] : []
    self.kind = kind
    self.body = body
    self.signature = signature
    content =
      signature.count == 64
      ? Self.content(kind, body, element) : .malformed(ParseError("\(kind.rawValue).signature", .notCanonical))
    digest = Hash.sha256.digest(body + signature)
  }

  /// Text that begins as a document does and cannot be read: kept, so that a refusal can name it.
  init(kind: Kind, unreadable text: [UInt8], _ error: ParseError) {
    self.kind = kind
    body = text
    signature = []
    content = .malformed(error)
    digest = Hash.sha256.digest(text)
  }

  private static func content(_ kind: Kind, _ body: [UInt8], _ element: JSONElement?) -> Content {
    do throws(ParseError) {
      guard body.count <= limitBytes else { throw ParseError(kind.rawValue, .tooLong) }
      let element = if let element { element } else { try StrictJSON.element(of: body, limits: limits) }
      guard let id = element["id"]?.stringValue else { throw ParseError("\(kind.rawValue).id", .missing) }
      switch kind {
      case .tcbInfo: return id == "TDX" ? .tcbInfo(try TCBInfo(parsing: element)) : .otherID(id)
      case .identity: return id == "TD_QE" ? .identity(try QEIdentity(parsing: element)) : .otherID(id)
      }
    } catch { return .malformed(error) }
  }

  var tcbInfo: TCBInfo? { if case .tcbInfo(let info) = content { info } else { nil } }
  var identity: QEIdentity? { if case .identity(let identity) = content { identity } else { nil } }

  /// As PCS sends it; recognised again as the same document.
  package var pcsBytes: [UInt8] {
    Array("{\"\(kind.rawValue)\":".utf8) + body + Array(",\"signature\":\"\(Hex.encode(signature))\"}".utf8)
  }

  package static func == (left: Self, right: Self) -> Bool { left.kind == right.kind && left.digest == right.digest }
  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
