import Bytes
import Cryptography
package import Weights

/// A sealed model as an OCI artifact: the manifest and its note are layers, and so is every blob, whose name is its digest
/// there as here. Spec: OCI image manifest 1.1, "Guidelines for Artifact Usage"; OCI image layout 1.0.
package enum OCIArtifact {
  package static let manifestType = "application/vnd.oci.image.manifest.v1+json"
  package static let artifactType = "application/vnd.vouchsafe.model.v1"
  static let sealedManifestType = "application/vnd.vouchsafe.model.manifest.v1+json"
  static let noteType = "application/vnd.vouchsafe.model.note.v1"
  static let blobType = "application/vnd.vouchsafe.model.blob.v1"
  private static let emptyType = "application/vnd.oci.empty.v1+json"
  /// The configuration of an artifact that has none, by definition.
  package static let emptyConfiguration = Array("{}".utf8)

  /// A text of an image layout or artifact, and its name below `blobs/sha256/`.
  package struct Document: Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package var name: String { Hex.encode(Hash.sha256.digest(bytes)) }
  }

  package static let layoutFile = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)

  /// The artifact's manifest.
  package static func document(of manifest: Manifest, note: [UInt8]) -> Document {
    var blobs: [String: Int] = [:]
    for file in manifest.files { blobs[file.blob] = file.layout.ciphertextSize }
    var layers: [JSONValue] = []
    layers.append(descriptor(sealedManifestType, manifest.bytes, title: "manifest.json"))
    layers.append(descriptor(noteType, note, title: "manifest.note"))
    for (name, size) in blobs.sorted(by: { $0.key < $1.key }) {
      layers.append(descriptor(blobType, digest: name, size: size, title: "blobs/\(name)"))
    }
    let annotations = JSONObject([
      ("org.opencontainers.image.title", JSONValue.string(manifest.identity.model)),
      ("org.opencontainers.image.version", JSONValue.string(manifest.identity.version)),
    ])
    let members: [(String, JSONValue)] = [
      ("schemaVersion", .int(2)), ("mediaType", .string(manifestType)), ("artifactType", .string(artifactType)),
      ("config", descriptor(emptyType, emptyConfiguration, title: nil)), ("layers", .array(layers)),
      ("annotations", .object(annotations)),
    ]
    return Document(bytes: CanonicalJSON.encode(.object(members)))
  }

  /// `index.json` of a layout with that one artifact.
  package static func index(of document: Document, tag: String) -> [UInt8] {
    let annotations = JSONObject([("org.opencontainers.image.ref.name", JSONValue.string(tag))])
    let entry: [(String, JSONValue)] = [
      ("mediaType", .string(manifestType)), ("artifactType", .string(artifactType)),
      ("digest", .string("sha256:\(document.name)")), ("size", .int(document.bytes.count)),
      ("annotations", .object(annotations)),
    ]
    let members: [(String, JSONValue)] = [
      ("schemaVersion", .int(2)), ("mediaType", .string("application/vnd.oci.image.index.v1+json")),
      ("manifests", .array([.object(entry)])),
    ]
    return CanonicalJSON.encode(.object(members))
  }

  private static func descriptor(_ type: String, _ bytes: [UInt8], title: String?) -> JSONValue {
    descriptor(type, digest: Hex.encode(Hash.sha256.digest(bytes)), size: bytes.count, title: title)
  }

  private static func descriptor(_ type: String, digest: String, size: Int, title: String?) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("mediaType", .string(type)), ("digest", .string("sha256:\(digest)")), ("size", .int(size)),
    ]
    if let title {
      let annotations = JSONObject([("org.opencontainers.image.title", JSONValue.string(title))])
      members.append(("annotations", .object(annotations)))
    }
    return .object(members)
  }

  /// Where the manifest and the note of a sealed model are, by their digests.
  /// - Throws: `.malformedAnswer` for what is no artifact of ours; nothing else.
  static func items(in bytes: [UInt8]) throws(StoreError) -> [StoreItem: String] {
    guard let document = try? StrictJSON.parse(bytes, limits: .evidence), let layers = document["layers"]?.arrayValue
    else { throw .malformedAnswer }
    var items: [StoreItem: String] = [:]
    for (type, item) in [(sealedManifestType, StoreItem.manifest), (noteType, .note)] {
      let found = layers.filter { $0["mediaType"]?.stringValue == type }
      guard found.count == 1, let digest = found[0]["digest"]?.stringValue, isDigest(digest) else {
        throw .malformedAnswer
      }
      items[item] = digest
    }
    return items
  }

  /// The digest of the one artifact that an image layout has.
  static func onlyArtifact(ofIndex bytes: [UInt8]) throws(StoreError) -> String {
    guard let index = try? StrictJSON.parse(bytes), let entries = index["manifests"]?.arrayValue, entries.count == 1,
      let digest = entries[0]["digest"]?.stringValue, isDigest(digest)
    else { throw .malformedAnswer }
    return digest
  }

  private static func isDigest(_ text: String) -> Bool {
    text.hasPrefix("sha256:") && text.utf8.count == 71
      && text.utf8.dropFirst(7).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
