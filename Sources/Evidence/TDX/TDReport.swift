import CEvidence

/// What a TD quote states about the trust domain: unverified.
///
/// Shape: 584 bytes (type 2) or 648 (type 3). Spec: Intel TDX DCAP Quote Generation Library, TD Quote Body.
package struct TDReport: Sendable, Equatable {
  /// 2 for TDX 1.0, 3 for TDX 1.5.
  package let type: UInt16
  /// TEE_TCB_SVN, 16 bytes: the levels when the TD was launched.
  package let teeTCBSVN: [UInt8]
  /// MRSEAM: the measurement of the TDX module, 48 bytes.
  package let mrSeam: [UInt8]
  /// MRSIGNERSEAM, 48 bytes; zero for Intel's module.
  package let mrSignerSeam: [UInt8]
  /// SEAMATTRIBUTES, 8 bytes.
  package let seamAttributes: [UInt8]
  package let attributes: TDAttributes
  /// Which processor features the TD may use.
  package let xfam: UInt64
  /// MRTD: the measurement of what the TD started with, 48 bytes.
  package let mrTD: [UInt8]
  /// MRCONFIGID, MROWNER, MROWNERCONFIG: what the owner gave at the start, 48 bytes each.
  package let mrConfigID: [UInt8]
  package let mrOwner: [UInt8]
  package let mrOwnerConfig: [UInt8]
  /// RTMR0 to RTMR3: what was measured since, 48 bytes each.
  package let rtmr: [[UInt8]]
  /// 64 bytes.
  package let reportData: [UInt8]
  /// TEE_TCB_SVN2: the levels of the module that runs now; from type 3 on.
  package let teeTCBSVN2: [UInt8]?
  /// MRSERVICETD, 48 bytes, zero without a service TD; from type 3 on.
  package let mrServiceTD: [UInt8]?

  init(_ found: tdx_body, type: UInt16, _ slice: Slicer) {
    self.type = type
    teeTCBSVN = slice(found.tee_tcb_svn)
    mrSeam = slice(found.mr_seam)
    mrSignerSeam = slice(found.mr_signer_seam)
    seamAttributes = slice(found.seam_attributes)
    attributes = TDAttributes(raw: found.td_attributes)
    xfam = found.xfam
    mrTD = slice(found.mr_td)
    mrConfigID = slice(found.mr_config_id)
    mrOwner = slice(found.mr_owner)
    mrOwnerConfig = slice(found.mr_owner_config)
    rtmr = [slice(found.rtmr.0), slice(found.rtmr.1), slice(found.rtmr.2), slice(found.rtmr.3)]
    reportData = slice(found.report_data)
    teeTCBSVN2 = type < 3 ? nil : slice(found.tee_tcb_svn2)
    mrServiceTD = type < 3 ? nil : slice(found.mr_service_td)
  }
}

/// The report of the quoting enclave that made a quote: unverified.
///
/// Shape: 384 bytes. Spec: Intel SDM, REPORT structure.
package struct EnclaveReport: Sendable, Equatable {
  package let bytes: [UInt8]
  package let cpuSVN: [UInt8]
  /// MISCSELECT, 4 bytes as they lie.
  package let miscSelect: [UInt8]
  /// ATTRIBUTES, 16 bytes as they lie; bit 1 of the first is DEBUG.
  package let attributes: [UInt8]
  package let mrEnclave: [UInt8]
  package let mrSigner: [UInt8]
  package let isvProdID: UInt16
  package let isvSVN: UInt16
  /// 64 bytes; the first 32 bind the attestation key.
  package let reportData: [UInt8]

  init(_ found: tdx_enclave_report, _ slice: Slicer) {
    bytes = slice(found.bytes)
    cpuSVN = slice(found.cpu_svn)
    miscSelect = slice(found.misc_select)
    attributes = slice(found.attributes)
    mrEnclave = slice(found.mr_enclave)
    mrSigner = slice(found.mr_signer)
    isvProdID = found.isv_prod_id
    isvSVN = found.isv_svn
    reportData = slice(found.report_data)
  }

  package var isDebug: Bool { attributes[0] >> 1 & 1 == 1 }
}
