#include "cursor.h"

#define VERSION_1_1 0x11u
#define GET_MEASUREMENTS 0xE0u
#define MEASUREMENTS 0x60u
#define SIGNATURE_REQUESTED 0x01u
#define ALL_MEASUREMENTS 0xFFu
#define DMTF_SPECIFICATION 0x01u
#define BLOCK_HEADER_SIZE 4u
#define DMTF_HEADER_SIZE 3u

static uint16_t take_u16(cursor *c) { return (uint16_t)take_little_endian(c, 2); }

static spdm_report_refusal take_request(cursor *c, spdm_report *report) {
  uint8_t version = take_u8(c);
  uint8_t code = take_u8(c);
  uint8_t attributes = take_u8(c);
  uint8_t operation = take_u8(c);
  report->nonce = take(c, SPDM_NONCE_SIZE);
  uint8_t slot = take_u8(c);
  if (c->broken) return SPDM_REPORT_LENGTH;
  bool is_ours = version == VERSION_1_1 && code == GET_MEASUREMENTS && attributes == SIGNATURE_REQUESTED &&
                 operation == ALL_MEASUREMENTS && slot == 0;
  return is_ours ? SPDM_REPORT_OK : SPDM_REPORT_REQUEST;
}

/// One block: index, specification, size, then the kind of value, its size, and the digest.
static evidence_range take_block(cursor *c, uint32_t expected_index, bool *is_good) {
  uint8_t index = take_u8(c);
  uint8_t specification = take_u8(c);
  uint16_t size = take_u16(c);
  uint8_t value_type = take_u8(c);
  uint16_t value_size = take_u16(c);
  evidence_range value = take(c, SPDM_MEASUREMENT_SIZE);
  // Bit 7 says that the value is raw and no digest.
  *is_good = !c->broken && index == expected_index && specification == DMTF_SPECIFICATION &&
             size == DMTF_HEADER_SIZE + SPDM_MEASUREMENT_SIZE && value_size == SPDM_MEASUREMENT_SIZE &&
             (value_type & 0x80u) == 0;
  return value;
}

static spdm_report_refusal take_measurements(cursor *c, spdm_report *report) {
  uint8_t version = take_u8(c);
  uint8_t code = take_u8(c);
  uint16_t parameters = take_u16(c);
  report->block_count = take_u8(c);
  uint32_t length = (uint32_t)take_little_endian(c, 3);
  if (c->broken) return SPDM_REPORT_LENGTH;
  if (version != VERSION_1_1 || code != MEASUREMENTS || parameters != 0) return SPDM_REPORT_RESPONSE;
  if (report->block_count == 0 || report->block_count > SPDM_MAX_BLOCKS) return SPDM_REPORT_BLOCK_COUNT;
  uint32_t block_size = BLOCK_HEADER_SIZE + DMTF_HEADER_SIZE + SPDM_MEASUREMENT_SIZE;
  if (length != report->block_count * block_size) return SPDM_REPORT_RECORD_LENGTH;
  for (uint32_t i = 0; i < report->block_count; i++) {
    bool is_good = false;
    report->measurements[i] = take_block(c, i + 1, &is_good);
    if (!is_good) return SPDM_REPORT_BLOCK;
  }
  report->responder_nonce = take(c, SPDM_NONCE_SIZE);
  return c->broken ? SPDM_REPORT_LENGTH : SPDM_REPORT_OK;
}

static bool has_field(const spdm_report *report, uint16_t type) {
  for (uint32_t i = 0; i < report->field_count; i++)
    if (report->fields[i].type == type) return true;
  return false;
}

static spdm_report_refusal take_opaque(cursor *c, spdm_report *report) {
  uint16_t length = take_u16(c);
  if (c->broken || length > c->count - c->at) return SPDM_REPORT_OPAQUE;
  cursor fields = {.bytes = c->bytes, .count = c->at + length, .at = c->at, .broken = false};
  while (fields.at < fields.count) {
    uint16_t type = take_u16(&fields);
    uint16_t size = take_u16(&fields);
    evidence_range data = take(&fields, size);
    if (fields.broken) return SPDM_REPORT_OPAQUE;
    if (has_field(report, type)) return SPDM_REPORT_OPAQUE_TWICE;
    if (report->field_count == SPDM_MAX_FIELDS) return SPDM_REPORT_OPAQUE_TOO_MANY;
    report->fields[report->field_count++] = (spdm_field){type, data};
  }
  take(c, length);
  return SPDM_REPORT_OK;
}

spdm_report_refusal spdm_report_find(const uint8_t *bytes, size_t count, spdm_report *report) {
  *report = (spdm_report){0};
  if (count > SPDM_REPORT_LIMIT_SIZE) return SPDM_REPORT_LENGTH;
  cursor c = cursor_over(bytes, count);
  spdm_report_refusal refusal = take_request(&c, report);
  if (refusal == SPDM_REPORT_OK) refusal = take_measurements(&c, report);
  if (refusal == SPDM_REPORT_OK) refusal = take_opaque(&c, report);
  if (refusal != SPDM_REPORT_OK) return refusal;
  report->signed_bytes = (evidence_range){0, (uint32_t)c.at};
  report->signature = take(&c, SPDM_SIGNATURE_SIZE);
  if (c.broken) return SPDM_REPORT_SIGNATURE;
  report->end = (uint32_t)c.at;
  evidence_range padding = take(&c, c.count - c.at);
  bool is_padding = padding.length <= SPDM_PADDING_LIMIT && is_zero(bytes, padding);
  return is_padding ? SPDM_REPORT_OK : SPDM_REPORT_TRAILING;
}
