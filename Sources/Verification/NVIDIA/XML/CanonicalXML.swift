/// The canonical bytes of an element. Spec: Canonical XML 1.1, inclusive, without comments; for what `XMLReader` reads,
/// which leaves nothing to escape and no attribute of the `xml` prefix to inherit.
enum CanonicalXML {
  /// - Parameters:
  ///   - inherited: namespaces that its ancestors declare, when the element is taken out of its document.
  ///   - omitted: a child of the element that is left out, with nothing around it.
  static func encode(
    _ element: XMLElement, inherited: [String: String] = [:], omitting omitted: XMLElement? = nil
  ) -> [UInt8] {
    var output: [UInt8] = []
    write(element, scope: inherited, rendered: [:], omitting: omitted, to: &output)
    return output
  }

  private static func write(
    _ element: XMLElement, scope: [String: String], rendered: [String: String], omitting omitted: XMLElement?,
    to output: inout [UInt8]
  ) {
    let scope = scope.merging(element.declarations) { _, new in new }
    output += "<\(element.name.qualified)".utf8
    for (prefix, uri) in scope.sorted(by: { $0.key < $1.key }) where rendered[prefix] != uri {
      output += (prefix.isEmpty ? " xmlns=\"\(uri)\"" : " xmlns:\(prefix)=\"\(uri)\"").utf8
    }
    for attribute in element.attributes.sorted(by: isBefore) {
      output += " \(attribute.name.qualified)=\"\(attribute.value)\"".utf8
    }
    output.append(UInt8(ascii: ">"))
    for child in element.children {
      switch child {
      case .text(let text): output += text
      case .element(let child):
        if child != omitted { write(child, scope: scope, rendered: scope, omitting: nil, to: &output) }
      }
    }
    output += "</\(element.name.qualified)>".utf8
  }

  private static func isBefore(_ left: XMLAttribute, _ right: XMLAttribute) -> Bool {
    (left.name.namespace, left.name.local) < (right.name.namespace, right.name.local)
  }
}
