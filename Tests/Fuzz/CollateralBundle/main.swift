import Bytes
import Collateral
import FuzzDriver

// Whatever a person may carry across an air gap: what is read is written in the same bytes.
fuzz { input in
  guard let bundle = try? CollateralBundle(parsing: input) else { return }
  let bytes = bundle.bytes
  precondition(bytes == input || Array(bytes.dropLast()) == input, "read and written are not the same")
  precondition(
    bundle.records(fetchedBy: 1_790_000_000).allSatisfy { $0.fetchedAt <= 1_790_000_000 }, "from a time to come")
}
