import Bytes
import Collateral
import CollateralService
import Glibc
import Platform
import Terminal
import Verification

/// `vouchsafe collateral import`: takes what others fetched, when it proves itself and is not older than what is here.
enum CollateralImport {
  static func run(_ arguments: Arguments) throws(Failure) -> ExitCode {
    guard !arguments.positional.isEmpty else {
      throw Failure(.usage, "collateral import: takes FILE|DIR..., got none")
    }
    let format = try arguments.output()
    let now = try EvidenceOptions.time(arguments)
    let anchors = try EvidenceOptions.anchors(arguments)
    var records: [CollateralRecord] = []
    for path in arguments.positional { records += try read(path, at: now) }
    var store = try CollateralOptions.openStore(arguments)
    var (shelf, _, _) = try CollateralOptions.shelf(of: store.folder, anchors, at: now)
    let taken = shelf.take(records, at: now)
    try save(taken, shelf, &store)
    show(taken, format)
    return ExitCode.worst(taken.map(\.result.exit))
  }

  /// A file that was exported; of any other file or folder the artefacts that are in it.
  private static func read(_ path: String, at now: Timestamp) throws(Failure) -> [CollateralRecord] {
    if let bytes = isFolder(path) ? nil : try Console.readFile(path, limit: CollateralBundle.limitBytes),
      CollateralBundle.isNamed(in: bytes)
    {
      do throws(CollateralFault) { return try CollateralBundle(parsing: bytes).records(fetchedBy: now) } catch {
        throw Failure(error.exit, "\(path): \(error)")
      }
    }
    let bag = try CollateralBag(paths: [path])
    let records = CollateralRecord.records(of: bag.artefacts, fetchedAt: now, source: "imported")
    guard !records.isEmpty else { throw Failure(.malformed, "\(path): holds nothing that a vendor signs") }
    for name in bag.ignored { Console.note("ignored: \(name)") }
    return records
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func save(
    _ taken: [CollateralShelf.Taken], _ shelf: CollateralShelf, _ store: inout CollateralStore
  ) throws(Failure) {
    do throws(PlatformError) {
      for item in taken {
        guard case .taken(let change) = item.result, change != .unchanged else { continue }
        guard let kept = shelf.item(item.record.key), kept.record == item.record else { continue }
        try store.save(item.record)
      }
    } catch { throw Failure(.integrity, "\(store.folder.path): cannot keep what was imported: \(error)") }
  }

  private static func show(_ taken: [CollateralShelf.Taken], _ format: OutputFormat) {
    switch format {
    case .json:
      Console.json(
        .object([
          (
            "artefacts",
            .array(
              taken.map { item in
                var object = JSONObject([
                  ("key", .string(item.record.key.text)), ("result", .string(item.result.word)),
                ])
                if let detail = item.result.detail { object["detail"] = .string(detail) }
                return .object(object)
              })
          )
        ]))
    case .text:
      for item in taken {
        let detail = item.result.detail.map { ": \($0)" } ?? ""
        Console.line(Console.printable("\(item.record.key)  \(item.result.word)\(detail)"))
      }
    }
  }
}

extension CollateralShelf.Taken.Result {
  /// Stable: `added`, `replaced`, `unchanged`, `superseded`, or the code of why not.
  fileprivate var word: String {
    switch self {
    case .taken(let change): "\(change)"
    case .superseded: "superseded"
    case .refused(let fault): fault.code
    }
  }

  fileprivate var detail: String? { if case .refused(let fault) = self { "\(fault)" } else { nil } }
  fileprivate var exit: ExitCode { if case .refused(let fault) = self { fault.exit } else { .ok } }
}
