import Bytes

/// Every change to a JSON document that is tried: each member is left out, doubled, renamed and given another type; each
/// number moves by one and to its bounds; each array grows and shrinks; each text loses and gains an end.
struct JSONMutator {
  private let root: JSONValue

  init(_ root: JSONValue) { self.root = root }

  /// Hands over every changed document once.
  func forEach(_ body: (_ name: String, _ text: [UInt8]) -> Void) {
    for (name, value) in Self.changes(of: root, "document") {
      body(name, CanonicalJSON.encodeInOrder(value))
    }
  }

  private static func changes(of value: JSONValue, _ path: String) -> [(String, JSONValue)] {
    var list: [(String, JSONValue)] = [("\(path) null", .null), ("\(path) of another type", other(than: value))]
    switch value {
    case .object(let object): list += members(of: object, path)
    case .array(let items): list += elements(of: items, path)
    case .number(let number):
      let bounds: [JSONValue] = [.int(-1), .int(Int64.max), .number(JSONNumber(1 << 32 as UInt64))]
      let steps = number.integer(Int64.self).map { [JSONValue.int($0 &+ 1), .int($0 &- 1)] } ?? []
      list += (bounds + steps).map { ("\(path) another number", $0) }
    case .string(let text):
      list += [String(text.dropLast()), String(text.dropFirst()), text + "A", " " + text, ""].map {
        ("\(path) another text", .string($0))
      }
    case .bool(let flag): list.append(("\(path) turned", .bool(!flag)))
    case .null: break
    }
    return list.filter { $0.1 != value }
  }

  private static func other(than value: JSONValue) -> JSONValue {
    switch value {
    case .string: 7
    case .number: "7"
    default: "text"
    }
  }

  private static func members(of object: JSONObject, _ path: String) -> [(String, JSONValue)] {
    let all = object.members
    var list: [(String, JSONValue)] = []
    for (index, member) in all.enumerated() {
      func replacing(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
        .object((all[..<index] + members + all[(index + 1)...]).map { ($0.key, $0.value) })
      }
      let name = "\(path).\(member.key)"
      list.append(("\(name) left out", replacing([])))
      list.append(("\(name) twice", replacing([member, member])))
      list.append(("\(name) renamed", replacing([(member.key + "x", member.value)])))
      list += changes(of: member.value, name).map { ($0.0, replacing([(member.key, $0.1)])) }
    }
    return list
  }

  /// A list of objects may name one twice, which changes nothing; a list of numbers may not.
  private static func elements(of items: [JSONValue], _ path: String) -> [(String, JSONValue)] {
    guard let first = items.first, let last = items.last else { return [] }
    let extra: JSONValue = last.objectValue == nil ? last : .null
    var list: [(String, JSONValue)] = [
      ("\(path) shorter", .array(Array(items.dropLast()))), ("\(path) longer", .array(items + [extra])),
      ("\(path) empty", .array([])),
    ]
    list += changes(of: first, "\(path)[0]").map { ($0.0, .array([$0.1] + items.dropFirst())) }
    list += changes(of: last, "\(path)[\(items.count - 1)]").map { ($0.0, .array(items.dropLast() + [$0.1])) }
    return list
  }
}
