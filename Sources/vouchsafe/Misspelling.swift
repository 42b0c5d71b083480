import Bytes
import Terminal

/// Finds the member that a person probably meant to be the one that is missing.
enum Misspelling {
  /// What to add to an error about a document that the person wrote: nothing, or the name that comes near.
  static func hint(_ error: any Error, in document: JSONValue?) -> String {
    guard let error = error as? ParseError, error.reason == .missing, let document else { return "" }
    let path = error.field.split(separator: ".").map(String.init)
    guard let wanted = path.last else { return "" }
    var place: JSONValue? = document
    for name in path.dropLast() { place = place?[name] }
    let members = place?.objectValue?.keys ?? []
    guard let near = Nearest.name(to: wanted, among: members.filter { $0 != wanted }) else { return "" }
    return "; is \"\(near)\" meant to be it?"
  }
}
