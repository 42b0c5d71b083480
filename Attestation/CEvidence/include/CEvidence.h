// Finds the fields of attestation evidence inside a caller's buffer.
//
// Contract of this door: no allocation, no library, no input or output, no globals, no verdicts. A result is a set of
// integers and of {offset, length} ranges into the bytes that were given; it is filled only when the answer is the
// module's OK value. Every function is total: any bytes, any count.
#ifndef CEVIDENCE_H
#define CEVIDENCE_H

#include <stddef.h>
#include <stdint.h>

/// Bytes of the caller's buffer.
typedef struct {
  uint32_t offset;
  uint32_t length;
} evidence_range;

// MARK: AMD SEV-SNP attestation report

#define SNP_REPORT_SIZE 1184
#define SNP_SIGNED_SIZE 0x2A0
#define SNP_TABLE_MAX_ENTRIES 16

/// Why a report was not accepted as well-formed: the first rule that failed, in the order of the report.
typedef enum {
  SNP_REPORT_OK = 0,
  SNP_REPORT_LENGTH,
  SNP_REPORT_VERSION_TOO_OLD,
  SNP_REPORT_VERSION_UNKNOWN,
  SNP_REPORT_SIGNATURE_ALGORITHM,
  SNP_REPORT_KEY_INFO_RESERVED,
  SNP_REPORT_RESERVED_04C,
  SNP_REPORT_TAIL,
  SNP_REPORT_SIGNATURE_R_TOO_WIDE,
  SNP_REPORT_SIGNATURE_S_TOO_WIDE,
  SNP_REPORT_SIGNATURE_R_ZERO,
  SNP_REPORT_SIGNATURE_S_ZERO,
} snp_report_refusal;

/// The fields of one report, versions 2 to 5, unverified. Integers are read little-endian. The CPUID members mean
/// something from version 3 on, the mitigation vectors from version 5 on; before that they are what the reserved bytes
/// held. Spec: SEV-SNP Firmware ABI, ATTESTATION_REPORT.
typedef struct {
  uint32_t version;
  uint32_t guest_svn;
  uint64_t policy;
  evidence_range family_id;
  evidence_range image_id;
  uint32_t vmpl;
  uint64_t current_tcb;
  uint64_t platform_info;
  uint32_t key_info;
  evidence_range report_data;
  evidence_range measurement;
  evidence_range host_data;
  evidence_range id_key_digest;
  evidence_range author_key_digest;
  evidence_range report_id;
  evidence_range report_id_ma;
  uint64_t reported_tcb;
  uint8_t cpuid_family;
  uint8_t cpuid_model;
  uint8_t cpuid_stepping;
  evidence_range chip_id;
  uint64_t committed_tcb;
  uint8_t current_build;
  uint8_t current_minor;
  uint8_t current_major;
  uint8_t committed_build;
  uint8_t committed_minor;
  uint8_t committed_major;
  uint64_t launch_tcb;
  uint64_t launch_mitigations;
  uint64_t current_mitigations;
  /// 48 significant bytes each, little-endian.
  evidence_range signature_r;
  evidence_range signature_s;
} snp_report;

/// Reads exactly `SNP_REPORT_SIZE` bytes. `version` is set whatever the answer, as soon as four bytes are there.
snp_report_refusal snp_report_find(const uint8_t *bytes, size_t count, snp_report *report);

// MARK: GHCB certificate table (the `auxblob` of configfs-tsm, the buffer of an extended guest request)

typedef enum {
  SNP_TABLE_OK = 0,
  SNP_TABLE_TRUNCATED,
  SNP_TABLE_TOO_MANY_ENTRIES,
  SNP_TABLE_OUT_OF_BOUNDS,
  SNP_TABLE_OVERLAPS_ENTRIES,
  SNP_TABLE_TRAILING,
} snp_table_refusal;

/// One entry: the GUID as it lies in memory and where its data lies, both relative to the start of the table.
typedef struct {
  evidence_range guid;
  evidence_range data;
} snp_table_entry;

typedef struct {
  uint32_t count;
  snp_table_entry entries[SNP_TABLE_MAX_ENTRIES];
} snp_table;

/// Reads the entries up to the all-zero GUID. Data may not lie outside `count` bytes nor on the entries themselves; two
/// entries may share data. Spec: GHCB, SNP Extended Guest Request.
snp_table_refusal snp_table_find(const uint8_t *bytes, size_t count, snp_table *table);

// MARK: Intel TDX quote

#define TDX_QUOTE_MINIMUM_SIZE 1020
#define TDX_QUOTE_LIMIT_SIZE 65536
#define TDX_AUTHENTICATION_LIMIT 1024

/// Why a quote was not accepted as well-formed: the first rule that failed, in the order of the quote.
typedef enum {
  TDX_QUOTE_OK = 0,
  TDX_QUOTE_LENGTH,
  TDX_QUOTE_VERSION,
  TDX_QUOTE_KEY_TYPE,
  /// A quote of an SGX enclave: TEE type 0, or an enclave's body.
  TDX_QUOTE_SGX,
  TDX_QUOTE_TEE_TYPE,
  TDX_QUOTE_BODY_TYPE,
  TDX_QUOTE_BODY_SIZE,
  TDX_QUOTE_SIGNATURE_DATA,
  TDX_QUOTE_OUTER_TYPE,
  TDX_QUOTE_OUTER_SIZE,
  TDX_QUOTE_AUTHENTICATION_SIZE,
  TDX_QUOTE_INNER_SIZE,
  /// Bytes other than zero behind the signature data.
  TDX_QUOTE_TRAILING,
} tdx_quote_refusal;

/// The fields of a TD report of 584 (type 2), 648 (type 3) or 885 bytes (type 4), unverified. The ranges of a longer body
/// are empty in a shorter one. Spec: Intel TDX DCAP Quote Generation Library, TD Quote Body.
typedef struct {
  evidence_range tee_tcb_svn;
  evidence_range mr_seam;
  evidence_range mr_signer_seam;
  evidence_range seam_attributes;
  uint64_t td_attributes;
  uint64_t xfam;
  evidence_range mr_td;
  evidence_range mr_config_id;
  evidence_range mr_owner;
  evidence_range mr_owner_config;
  evidence_range rtmr[4];
  evidence_range report_data;
  evidence_range tee_tcb_svn2;
  evidence_range mr_service_td;
} tdx_body;

/// The report of the quoting enclave: 384 bytes. Spec: Intel SDM, REPORT.
typedef struct {
  evidence_range bytes;
  evidence_range cpu_svn;
  evidence_range misc_select;
  evidence_range attributes;
  evidence_range mr_enclave;
  evidence_range mr_signer;
  uint16_t isv_prod_id;
  uint16_t isv_svn;
  evidence_range report_data;
} tdx_enclave_report;

/// One quote, version 4 or 5, with an ECDSA P-256 attestation key, unverified.
typedef struct {
  uint16_t version;
  uint16_t key_type;
  evidence_range vendor_id;
  evidence_range user_data;
  /// 2 for version 4, which does not state it.
  uint16_t body_type;
  tdx_body body;
  /// Everything before the length of the signature data: what the attestation key signs.
  evidence_range signed_bytes;
  evidence_range signature;
  evidence_range attestation_key;
  tdx_enclave_report enclave;
  evidence_range enclave_signature;
  evidence_range authentication_data;
  uint16_t certification_type;
  evidence_range certification_data;
  /// Where the quote ends; what follows is zero.
  uint32_t end;
} tdx_quote;

/// Reads a quote and the zeros behind it. `version`, `key_type` and `body_type` are set as soon as they are read.
tdx_quote_refusal tdx_quote_find(const uint8_t *bytes, size_t count, tdx_quote *quote);

// MARK: TCG event log (CCEL, and the records that guests append to it)

#define EVENT_LOG_MAX_ALGORITHMS 8

typedef enum {
  EVENT_LOG_OK = 0,
  /// No further event: the end of the bytes, or eight bytes that are all 0xFF or all zero.
  EVENT_LOG_END,
  EVENT_LOG_TRUNCATED,
  EVENT_LOG_HEADER,
  EVENT_LOG_ALGORITHMS,
  EVENT_LOG_NO_SHA384,
  EVENT_LOG_DIGESTS,
} event_log_refusal;

typedef struct {
  uint32_t at;
  uint32_t algorithm_count;
  uint16_t algorithms[EVENT_LOG_MAX_ALGORITHMS];
  uint16_t digest_sizes[EVENT_LOG_MAX_ALGORITHMS];
} event_log;

typedef struct {
  uint32_t index;
  uint32_t type;
  /// Empty when the event has no SHA-384 digest.
  evidence_range sha384;
  evidence_range data;
} event_log_event;

/// Reads the first record, which names the digests' algorithms; SHA-384 must be among them.
/// Spec: TCG PC Client Platform Firmware Profile, TCG_EfiSpecIdEvent.
event_log_refusal event_log_open(const uint8_t *bytes, size_t count, event_log *log);

/// Reads the record at `log->at` and moves there behind it. Spec: same, TCG_PCR_EVENT2.
event_log_refusal event_log_next(const uint8_t *bytes, size_t count, event_log *log, event_log_event *event);

// MARK: NVIDIA device report (SPDM 1.1: the request for measurements and the answer to it, one behind the other)

/// What NVML hands out at most, and the zeros that may follow.
#define SPDM_REPORT_LIMIT_SIZE (8192 + SPDM_PADDING_LIMIT)
#define SPDM_PADDING_LIMIT 8
#define SPDM_MAX_BLOCKS 64
#define SPDM_MAX_FIELDS 64
#define SPDM_NONCE_SIZE 32
#define SPDM_MEASUREMENT_SIZE 48
#define SPDM_SIGNATURE_SIZE 96

/// Why a report was not accepted as well-formed: the first rule that failed, in the order of the report.
typedef enum {
  SPDM_REPORT_OK = 0,
  SPDM_REPORT_LENGTH,
  /// Not the request for all measurements, signed, of slot 0.
  SPDM_REPORT_REQUEST,
  /// Not the answer with measurements.
  SPDM_REPORT_RESPONSE,
  SPDM_REPORT_BLOCK_COUNT,
  SPDM_REPORT_RECORD_LENGTH,
  /// A block out of order, of another specification, or whose digest is not 48 bytes.
  SPDM_REPORT_BLOCK,
  SPDM_REPORT_OPAQUE,
  SPDM_REPORT_OPAQUE_TWICE,
  SPDM_REPORT_OPAQUE_TOO_MANY,
  SPDM_REPORT_SIGNATURE,
  /// Bytes other than a few zeros behind the signature.
  SPDM_REPORT_TRAILING,
} spdm_report_refusal;

/// One field of the opaque data.
typedef struct {
  uint16_t type;
  evidence_range data;
} spdm_field;

/// One report, unverified. Integers are read little-endian. Spec: DMTF DSP0274 1.1, GET_MEASUREMENTS and MEASUREMENTS.
typedef struct {
  /// Of the request: chosen by whoever asked.
  evidence_range nonce;
  uint32_t block_count;
  /// The digests of blocks 1, 2, and so on.
  evidence_range measurements[SPDM_MAX_BLOCKS];
  evidence_range responder_nonce;
  uint32_t field_count;
  spdm_field fields[SPDM_MAX_FIELDS];
  /// Request and answer up to the signature: what the device signs.
  evidence_range signed_bytes;
  /// r and s, 48 bytes each, big-endian.
  evidence_range signature;
  /// Where the report ends; what follows is zero.
  uint32_t end;
} spdm_report;

spdm_report_refusal spdm_report_find(const uint8_t *bytes, size_t count, spdm_report *report);

#endif
