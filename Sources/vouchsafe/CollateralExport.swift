import Bytes
import Collateral
import CollateralService
import Terminal

/// `vouchsafe collateral export`: everything that holds, in one file.
enum CollateralExport {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    let target = try arguments.one(of: "FILE|-")
    let format = try arguments.output()
    let now = try EvidenceOptions.time(arguments)
    let folder = try CollateralOptions.openFolder(try arguments.required("--store"))
    let (shelf, taken, _) = try CollateralOptions.shelf(of: folder, try EvidenceOptions.anchors(arguments), at: now)
    let current = shelf.items.values.filter { $0.isCurrent(at: now) }
    guard !current.isEmpty else {
      throw Failure(.unavailable, "\(folder.path) holds nothing that is in force; fetch or import first")
    }
    let bundle = CollateralBundle(createdAt: now, records: current.map(\.record))
    try Console.writeFile(target, bundle.bytes, replacing: true)
    let left = CollateralStatus.rows(shelf, taken, at: now).filter { $0.exit != .ok }
    if target != "-" { show(bundle, left, target, format, at: now) }
    for row in left { Console.note("left out: \(row.record.key), \(row.state)") }
    return .ok
  }

  private static func show(
    _ bundle: CollateralBundle, _ left: [CollateralRow], _ target: String, _ format: OutputFormat, at now: Timestamp
  ) {
    switch format {
    case .json:
      Console.json(
        .object([
          ("file", .string(target)), ("createdAt", .string(bundle.createdAt.rfc3339)),
          ("artefacts", .strings(bundle.records.map(\.key.text))), ("leftOut", .array(left.map { $0.json(at: now) })),
        ]))
    case .text: Console.line("\(bundle.records.count) artefacts in \(Console.printable(target))")
    }
  }
}
