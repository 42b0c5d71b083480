import Bytes
import FuzzDriver

// What is read can be written and read again as the same value; the canonical form is a fixed point.
fuzz { input in
  guard let value = try? StrictJSON.parse(input) else { return }
  let again = try? StrictJSON.parse(CanonicalJSON.encodeInOrder(value))
  precondition(again == value, "written and read again, the value differs")
  let canonical = CanonicalJSON.encode(value)
  let settled = (try? StrictJSON.parse(canonical)).map { CanonicalJSON.encode($0) }
  precondition(settled == canonical, "the canonical form is not a fixed point")
}
