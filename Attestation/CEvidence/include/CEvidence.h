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

#endif
