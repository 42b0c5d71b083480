import Bytes
package import Cryptography
package import KBSProtocol
package import SignedNotes
import TransparencyLog

/// Checks that a release is in the decision log before the key is used: that the log's own key signed a tree which holds
/// a decision to allow this resource to this very key pair. The pair is fresh, so an older proof cannot serve again.
package struct LogProofCheck: Sendable {
  private static let limitBytes = 1 << 18

  private let logKey: NoteVerifierKey
  private let resource: ResourcePath
  private let thumbprint: String

  package init(logKey: NoteVerifierKey, resource: ResourcePath, teeKey: JWK) {
    self.logKey = logKey
    self.resource = resource
    thumbprint = Base64.url(teeKey.thumbprint)
  }

  /// What a release's entry says that an operator wants to see at the start of a pod.
  package struct Entry: Equatable, Sendable {
    package let index: UInt64
    package let isSimulated: Bool
  }

  /// - Parameter header: base64 of the proof, as it came.
  /// - Parameter opening: base64 of the salt of the resource's name, from a broker whose log keeps names private.
  /// - Throws: `.logProof`; nothing else.
  package func check(_ header: String?, opening: String? = nil) throws(AgentError) -> Entry {
    guard let header else { throw .logProof(.missing) }
    guard header.utf8.count <= Self.limitBytes, let bytes = try? Base64.decode(header, .standard, "logProof") else {
      throw .logProof(.malformed)
    }
    let proof: TlogProof
    let entry: [UInt8]
    do throws(LogError) {
      proof = try TlogProof(parsing: bytes)
    } catch {
      throw .logProof(.malformed)
    }
    do throws(LogError) {
      entry = try proof.verify(by: logKey).entry
    } catch {
      throw .logProof(.notInLog(error))
    }
    return Entry(index: proof.index, isSimulated: try isSimulated(entry, opening))
  }

  private func isSimulated(_ entry: [UInt8], _ opening: String?) throws(AgentError) -> Bool {
    guard let leaf = try? StrictJSON.parse(entry), text(leaf, "type") == "decision" else {
      throw .logProof(.notADecision)
    }
    guard text(leaf, "result") == "allow" else { throw .logProof(.notAllowed) }
    let salt = opening.flatMap { try? Base64.decode($0, .standard, "logOpening") }
    guard NameCommitment.isName(resource.text, in: leaf["resource"], salt: salt) else {
      throw .logProof(.otherResource)
    }
    guard text(leaf, "tee_key")?.utf8.elementsEqual(thumbprint.utf8) == true else { throw .logProof(.otherKey) }
    return leaf["sim"]?.boolValue ?? true
  }

  private func text(_ leaf: JSONValue, _ key: String) -> String? { leaf[key]?.stringValue }
}
