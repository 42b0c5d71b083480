#include "cursor.h"

// Bits of KEY_INFO that are defined: AUTHOR_KEY_EN, MASK_CHIP_KEY and the three of SIGNING_KEY.
#define KEY_INFO_DEFINED 0x1Fu
#define ECDSA_P384_SHA384 1u
// A component field is 72 bytes wide; P-384 fills the first 48 (little-endian).
#define COMPONENT_SIZE 48
#define COMPONENT_PADDING 24

typedef struct {
  uint32_t signature_algorithm;
  evidence_range reserved_04c;
  evidence_range r_padding;
  evidence_range s_padding;
  evidence_range tail;
} unexported;

static void take_identity(cursor *c, snp_report *report, unexported *rest) {
  report->version = take_u32(c);
  report->guest_svn = take_u32(c);
  report->policy = take_u64(c);
  report->family_id = take(c, 16);
  report->image_id = take(c, 16);
  report->vmpl = take_u32(c);
  rest->signature_algorithm = take_u32(c);
  report->current_tcb = take_u64(c);
  report->platform_info = take_u64(c);
  report->key_info = take_u32(c);
  rest->reserved_04c = take(c, 4);
}

static void take_digests(cursor *c, snp_report *report) {
  report->report_data = take(c, 64);
  report->measurement = take(c, 48);
  report->host_data = take(c, 32);
  report->id_key_digest = take(c, 48);
  report->author_key_digest = take(c, 48);
  report->report_id = take(c, 32);
  report->report_id_ma = take(c, 32);
}

static void take_platform(cursor *c, snp_report *report) {
  report->reported_tcb = take_u64(c);
  report->cpuid_family = take_u8(c);
  report->cpuid_model = take_u8(c);
  report->cpuid_stepping = take_u8(c);
  take(c, 21);
  report->chip_id = take(c, 64);
  report->committed_tcb = take_u64(c);
  report->current_build = take_u8(c);
  report->current_minor = take_u8(c);
  report->current_major = take_u8(c);
  take(c, 1);
  report->committed_build = take_u8(c);
  report->committed_minor = take_u8(c);
  report->committed_major = take_u8(c);
  take(c, 1);
  report->launch_tcb = take_u64(c);
  report->launch_mitigations = take_u64(c);
  report->current_mitigations = take_u64(c);
  take(c, 152);
}

static void take_signature(cursor *c, snp_report *report, unexported *rest) {
  report->signature_r = take(c, COMPONENT_SIZE);
  rest->r_padding = take(c, COMPONENT_PADDING);
  report->signature_s = take(c, COMPONENT_SIZE);
  rest->s_padding = take(c, COMPONENT_PADDING);
  rest->tail = take(c, 368);
}

static snp_report_refusal refusal(const uint8_t *bytes, const snp_report *report, const unexported *rest) {
  if (rest->signature_algorithm != ECDSA_P384_SHA384) return SNP_REPORT_SIGNATURE_ALGORITHM;
  if ((report->key_info & ~KEY_INFO_DEFINED) != 0) return SNP_REPORT_KEY_INFO_RESERVED;
  if (!is_zero(bytes, rest->reserved_04c)) return SNP_REPORT_RESERVED_04C;
  if (!is_zero(bytes, rest->tail)) return SNP_REPORT_TAIL;
  if (!is_zero(bytes, rest->r_padding)) return SNP_REPORT_SIGNATURE_R_TOO_WIDE;
  if (!is_zero(bytes, rest->s_padding)) return SNP_REPORT_SIGNATURE_S_TOO_WIDE;
  if (is_zero(bytes, report->signature_r)) return SNP_REPORT_SIGNATURE_R_ZERO;
  if (is_zero(bytes, report->signature_s)) return SNP_REPORT_SIGNATURE_S_ZERO;
  return SNP_REPORT_OK;
}

snp_report_refusal snp_report_find(const uint8_t *bytes, size_t count, snp_report *report) {
  cursor c = cursor_over(bytes, count);
  *report = (snp_report){0};
  unexported rest = {0};
  take_identity(&c, report, &rest);
  take_digests(&c, report);
  take_platform(&c, report);
  take_signature(&c, report, &rest);
  if (c.broken || c.at != count) return SNP_REPORT_LENGTH;
  if (report->version < 2) return SNP_REPORT_VERSION_TOO_OLD;
  if (report->version > 5) return SNP_REPORT_VERSION_UNKNOWN;
  return refusal(bytes, report, &rest);
}
