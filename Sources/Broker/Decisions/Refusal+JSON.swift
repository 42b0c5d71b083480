import Bytes
import Verification

extension Refusal {
  /// For the operator: the code, and what was found where something else was wanted.
  var json: JSONValue {
    var object = JSONObject([("code", .string(code.rawValue)), ("genuine", .bool(genuine))])
    object["field"] = field.map { .string($0) }
    object["got"] = got.map { .string($0) }
    object["wanted"] = wanted.map { .string($0) }
    return .object(object)
  }
}
