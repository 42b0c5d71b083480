import Bytes

/// The members of Intel's documents. What else one of them says has no effect, and is recorded.
extension JSONForm {
  private static let verdict = ["tcbDate", "tcbStatus", "advisoryIDs"]
  private static let svnLevels = JSONForm(names: verdict, ["tcb": ["isvsvn": [:]]])
  private static let components: JSONForm = ["svn": [:], "category": [:], "type": [:]]
  private static let module = ["mrsigner", "attributes", "attributesMask"]

  /// Version 3. Spec: Intel PCS API v4, TDX TCB info.
  static let tcbInfo = JSONForm(
    names: [
      "id", "version", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbType", "tcbEvaluationDataNumber",
    ],
    [
      "tdxModule": JSONForm(names: module, [:]),
      "tdxModuleIdentities": JSONForm(names: ["id"] + module, ["tcbLevels": svnLevels]),
      "tcbLevels": JSONForm(
        names: verdict, ["tcb": ["sgxtcbcomponents": components, "tdxtcbcomponents": components, "pcesvn": [:]]]),
    ])

  /// Version 2. Spec: Intel PCS API v4, TDX quoting enclave identity.
  static let identity = JSONForm(
    names: [
      "id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "miscselect", "miscselectMask",
      "attributes", "attributesMask", "mrsigner", "isvprodid",
    ], ["tcbLevels": svnLevels])
}
