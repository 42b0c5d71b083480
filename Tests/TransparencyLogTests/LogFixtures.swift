import Bytes
import Cryptography
import SignedNotes
import TestSupport
import TransparencyLog

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A key made of 32 consecutive byte values, as the shared log vectors use.
func key(from first: UInt8) throws -> Ed25519PrivateKey {
  var seed = (0..<32).map { first + $0 }
  return try Ed25519PrivateKey(seed: SecretBytes(erasing: &seed))
}

func logSigner() throws -> NoteSigner { try NoteSigner(name: "vouchsafe.test/log", key: key(from: 0)) }

/// `entry 0` … as in the shared vectors.
func entries(_ range: Range<Int>) -> [[UInt8]] { range.map { utf8("entry \($0)") } }

func hash(_ base64: String) throws -> MerkleHash { try MerkleHash(parsing: utf8(base64)[...], "test") }

/// The public log of the shared vectors.
enum Vector {
  static let roots: [(size: Int, root: String)] = [
    (1, "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE="),
    (2, "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A="),
    (3, "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk="),
    (7, "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc="),
    (8, "tpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M="),
    (255, "z2Z5PmMp3/JC6zzuCm82rT46GW3MVzoex3XhAr6GPxw="),
    (256, "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4="),
    (257, "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34="),
    (70_000, "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao="),
  ]
  static let logKey = "vouchsafe.test/log+8f6f3a95+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
  static let checkpoint7 = """
    vouchsafe.test/log
    7
    mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=

    — vouchsafe.test/log j286lUhaneWCD7kLYWX1XBSDxZr99F9NKvwSstdMBdKnFD0B80HcgTE1RrxUGbG6XZtarxbKssjShjaRGKE+W1bS7QU=

    """
  static let inclusion2of7 = [
    "YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=", "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
    "lK+4osoFHAVFjqOdzRmxvWjn4zUp8QtDnSphWlH2NuI=",
  ]
  static let consistency3to7 = ["V8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkE="] + inclusion2of7
  static let consistency4to7 = [inclusion2of7[2]]
}

/// Every complete subtree of a list of leaves, by the definition.
struct PlainTree: TreeNodes {
  let leaves: [MerkleHash]

  init(_ entries: [[UInt8]]) { leaves = entries.map { .leaf($0) } }

  func node(height: Int, index: UInt64) throws(LogError) -> MerkleHash {
    let start = Int(index) << height
    guard start + 1 << height <= leaves.count else { throw .outOfRange }
    return Self.root(leaves[start..<start + 1 << height])
  }

  static func root(_ leaves: ArraySlice<MerkleHash>) -> MerkleHash {
    guard leaves.count > 1 else { return leaves.first ?? .emptyTree }
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    return .node(root(leaves.prefix(half)), root(leaves.dropFirst(half)))
  }
}
