package import Verification

/// What vendors signed and the operator supplied. Carriers only: verification checks every signature against a pinned
/// anchor, and takes what the evidence itself carries into account.
package struct EndorsementStore: Sendable {
  package let all: Endorsements

  package init(supplied: Endorsements) { all = supplied }
}
