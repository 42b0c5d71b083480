package import Bytes

/// The form in which a rule book is kept between two looks.
extension RuleBook {
  package var json: JSONValue {
    var object = JSONObject([
      ("next", .int(next)), ("changes", .int(position.changes)),
      ("formerValues", .strings(formerValues.sorted())), ("revocations", .strings(revocations.sorted())),
      (
        "resources",
        .object(
          resources.sorted { $0.key < $1.key }.map { name, resource in
            (
              name,
              .object([
                ("version", .int(resource.version)), ("bundle", .string(resource.bundle)),
                ("present", .bool(resource.isPresent)),
              ])
            )
          })
      ),
      ("evidence", Self.json(evidence)), ("challenges", Self.json(challenges)),
    ])
    object["epoch"] = epoch.map { .string($0) }
    object["time"] = time.map { .string($0.rfc3339Milliseconds) }
    object["lastChange"] = position.last.map { .int($0) }
    object["values"] = values.map { .string($0) }
    return .object(object)
  }

  package init(parsing value: JSONValue) throws(ParseError) {
    var reader = try JSONReader(value, "rules")
    next = try reader.integer("next")
    epoch = try reader.optionalString("epoch")
    if let text = try reader.optionalString("time") { time = try Timestamp(rfc3339: text) }
    position.changes = try reader.integer("changes")
    position.last = try reader.optionalInteger("lastChange")
    values = try reader.optionalString("values")
    formerValues = Set(try reader.strings("formerValues"))
    revocations = Set(try reader.strings("revocations"))
    for (name, value) in try reader.value("resources").objectValue?.members ?? [] {
      var row = try JSONReader(value, "rules.resources")
      resources[name] = Resource(
        version: try row.integer("version"), bundle: try row.string("bundle"), isPresent: try row.bool("present"))
      try row.finish()
    }
    evidence = try Self.times(try reader.value("evidence"))
    challenges = try Self.times(try reader.value("challenges"))
    try reader.finish()
  }

  private static func json(_ times: [String: Timestamp]) -> JSONValue {
    .object(times.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value.rfc3339Milliseconds)) })
  }

  private static func times(_ value: JSONValue) throws(ParseError) -> [String: Timestamp] {
    var times: [String: Timestamp] = [:]
    for (key, value) in value.objectValue?.members ?? [] {
      times[key] = try Timestamp(rfc3339: value.stringValue ?? "")
    }
    return times
  }
}
