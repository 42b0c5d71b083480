import Bytes
import FuzzDriver

// What is read where it lies is what a tree of it holds; and what is read can be written and read again as the same value; the canonical form is a fixed point.
fuzz { input in
  guard let value = try? StrictJSON.parse(input) else {
    precondition((try? StrictJSON.element(of: Array(input))) == nil, "read where it lies, and not as a tree")
    return
  }
  precondition((try? StrictJSON.element(of: Array(input))).map { $0.isSame(as: value) } ?? false, "the two differ")
  let again = try? StrictJSON.parse(CanonicalJSON.encodeInOrder(value))
  precondition(again == value, "written and read again, the value differs")
  let canonical = CanonicalJSON.encode(value)
  let settled = (try? StrictJSON.parse(canonical)).map { CanonicalJSON.encode($0) }
  precondition(settled == canonical, "the canonical form is not a fixed point")
}

extension JSONElement {
  /// Down to the last value, and by names.
  fileprivate func isSame(as value: JSONValue) -> Bool {
    switch value {
    case .object(let object):
      object.members.allSatisfy { name, value in self[name]?.isSame(as: value) ?? false }
        && object.members.count == items.reduce(0) { count, _ in count + 1 }
    case .array(let values): items.elementsEqual(values) { $0.isSame(as: $1) }
    case .string(let text): stringValue == text
    case .number(let number): isNumber && integer(Int64.self) == number.integer(Int64.self)
    case .bool, .null: Array(bytes) == CanonicalJSON.encode(value)
    }
  }
}
