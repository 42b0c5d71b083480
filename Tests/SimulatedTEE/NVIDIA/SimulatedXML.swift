/// An element before it is written: as people write it, or in canonical form. Made apart from the reader that judges it,
/// so that neither can hide the other's mistakes.
package struct SimulatedXML: Sendable {
  package enum Node: Sendable {
    case text(String)
    case element(SimulatedXML)
  }

  package var name: String
  package var attributes: [(name: String, value: String)]
  package var declarations: [(prefix: String, uri: String)] = []
  package var children: [Node] = []

  package init(_ name: String, _ attributes: [(name: String, value: String)] = [], text: String? = nil) {
    self.name = name
    self.attributes = attributes
    if let text { children = [.text(text)] }
  }

  package mutating func add(_ text: String) { children.append(.text(text)) }
  package mutating func add(_ element: SimulatedXML) { children.append(.element(element)) }

  /// Changes every element of that name, at any depth.
  package mutating func edit(_ name: String, _ change: (inout SimulatedXML) -> Void) {
    if self.name == name { change(&self) }
    for index in children.indices {
      guard case .element(var child) = children[index] else { continue }
      child.edit(name, change)
      children[index] = .element(child)
    }
  }

  package mutating func set(_ attribute: String, to value: String) {
    attributes = attributes.map { $0.name == attribute ? ($0.name, value) : $0 }
  }

  package mutating func remove(_ name: String) {
    children.removeAll { if case .element(let child) = $0 { child.name == name } else { false } }
  }

  /// Declarations first, everything in the order in which it was added; an element without content closes itself.
  package var written: String {
    let namespaces = declarations.map { Self.declaration($0.prefix, $0.uri) }
    let start = "<\(name)" + (namespaces + attributes.map { " \($0.name)=\"\($0.value)\"" }).joined()
    guard !children.isEmpty else { return start + "/>" }
    let content = children.map { child in
      switch child {
      case .text(let text): text
      case .element(let element): element.written
      }
    }
    return start + ">" + content.joined() + "</\(name)>"
  }

  /// - Parameters:
  ///   - scope: what ancestors declare.
  ///   - isApex: taken out of its document, so that it declares all that is in force.
  package func canonical(in scope: [String: String], isApex: Bool = false) -> String {
    let own = Dictionary(declarations.map { ($0.prefix, $0.uri) }) { $1 }
    let inner = scope.merging(own) { $1 }
    let declared = inner.filter { isApex || scope[$0.key] != $0.value }.sorted { $0.key < $1.key }
    let sorted = attributes.map { attribute -> (key: (String, String), text: String) in
      let parts = attribute.name.split(separator: ":").map(String.init)
      let key = parts.count == 2 ? (inner[parts[0]] ?? "", parts[1]) : ("", attribute.name)
      return (key, " \(attribute.name)=\"\(attribute.value)\"")
    }.sorted { $0.key < $1.key }
    let content = children.map { child in
      switch child {
      case .text(let text): text
      case .element(let element): element.canonical(in: inner)
      }
    }
    return "<\(name)" + declared.map { Self.declaration($0.key, $0.value) }.joined() + sorted.map(\.text).joined() + ">"
      + content.joined() + "</\(name)>"
  }

  private static func declaration(_ prefix: String, _ uri: String) -> String {
    prefix.isEmpty ? " xmlns=\"\(uri)\"" : " xmlns:\(prefix)=\"\(uri)\""
  }
}
