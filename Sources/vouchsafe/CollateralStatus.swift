import Bytes
import Collateral
import CollateralService
import Terminal

/// `vouchsafe collateral status`: what there is, whether it holds, and for how long.
enum CollateralStatus {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    let folder = try CollateralOptions.openFolder(try path(arguments))
    let format = try arguments.output()
    let now = try EvidenceOptions.time(arguments)
    let (shelf, taken, ignored) = try CollateralOptions.shelf(
      of: folder, try EvidenceOptions.anchors(arguments), at: now)
    let rows = rows(shelf, taken, at: now)
    switch format {
    case .json:
      Console.json(
        .object([
          ("at", .string(now.rfc3339)), ("artefacts", .array(rows.map { $0.json(at: now) })),
          ("ignored", .strings(ignored)),
        ]))
    case .text:
      Console.out(CollateralRow.text(rows))
      for name in ignored { Console.line(Console.printable("\(name)  ignored: no artefact that is known")) }
      if rows.isEmpty { Console.line("\(folder.path) holds nothing that a vendor signed") }
    }
    return rows.isEmpty ? .unavailable : ExitCode.worst(rows.map(\.exit))
  }

  /// The folder, as a word or as the store.
  private static func path(_ arguments: Arguments) throws(Failure) -> String {
    guard let store = arguments.value("--store") else { return try arguments.one(of: "DIR") }
    _ = try arguments.positional()
    return store
  }

  /// What is proved, then what is not.
  static func rows(
    _ shelf: CollateralShelf, _ taken: [CollateralShelf.Taken], at now: Timestamp
  ) -> [CollateralRow] {
    let proved = shelf.items.values.sorted { $0.record.key < $1.record.key }.map { CollateralRow($0, at: now) }
    let refused = taken.compactMap { taken -> CollateralRow? in
      if case .refused(let fault) = taken.result { CollateralRow(taken.record, fault) } else { nil }
    }
    return proved + refused
  }
}
