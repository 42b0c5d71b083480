/// An element of a document in the one profile that reference manifests use. Unverified.
struct XMLElement: Sendable, Equatable {
  enum Node: Sendable, Equatable {
    case element(XMLElement)
    case text([UInt8])
  }

  let name: XMLName
  let attributes: [XMLAttribute]
  /// The namespaces that this element declares, by prefix; the default one under the empty prefix.
  let declarations: [String: String]
  let children: [Node]

  var elements: [XMLElement] { children.compactMap { if case .element(let child) = $0 { child } else { nil } } }

  /// The text of an element without children.
  var text: [UInt8]? {
    var bytes: [UInt8] = []
    for child in children {
      guard case .text(let part) = child else { return nil }
      bytes += part
    }
    return bytes
  }

  /// Whether nothing but white space stands between the child elements.
  var holdsElementsOnly: Bool {
    children.allSatisfy { child in
      guard case .text(let text) = child else { return true }
      return text.allSatisfy { $0 == 0x20 || $0 == 0x0A }
    }
  }

  /// The value of an attribute without a prefix, or of one in a namespace.
  func attribute(_ local: String, in namespace: String = "") -> String? {
    attributes.first { $0.name.local == local && $0.name.namespace == namespace }?.value
  }
}

/// A name as it was written, and the namespace that its prefix stands for; an attribute without a prefix is in none.
struct XMLName: Sendable, Hashable {
  let prefix: String
  let local: String
  let namespace: String

  var qualified: String { prefix.isEmpty ? local : "\(prefix):\(local)" }

  func isCalled(_ local: String, in namespace: String) -> Bool { self.local == local && self.namespace == namespace }
}

struct XMLAttribute: Sendable, Equatable {
  let name: XMLName
  let value: String
}
