#include "cursor.h"

#define EV_NO_ACTION 3u
#define SHA384_ALGORITHM 0x000Cu
#define SHA384_SIZE 48u
#define DIGESTS_LIMIT 8u

static uint16_t take_u16(cursor *c) { return (uint16_t)take_little_endian(c, 2); }

static bool equals(const uint8_t *bytes, evidence_range range, const char *text, size_t count) {
  if (range.length != count) return false;
  uint8_t difference = 0;
  for (size_t i = 0; i < count; i++) difference |= (uint8_t)(bytes[range.offset + i] ^ (uint8_t)text[i]);
  return difference == 0;
}

static event_log_refusal take_algorithms(cursor *c, event_log *log) {
  log->algorithm_count = take_u32(c);
  if (c->broken || log->algorithm_count == 0 || log->algorithm_count > EVENT_LOG_MAX_ALGORITHMS)
    return EVENT_LOG_ALGORITHMS;
  bool has_sha384 = false;
  for (uint32_t i = 0; i < log->algorithm_count; i++) {
    log->algorithms[i] = take_u16(c);
    log->digest_sizes[i] = take_u16(c);
    if (log->algorithms[i] != SHA384_ALGORITHM) continue;
    if (has_sha384 || log->digest_sizes[i] != SHA384_SIZE) return EVENT_LOG_ALGORITHMS;
    has_sha384 = true;
  }
  take(c, take_u8(c));
  if (c->broken || c->at != c->count) return EVENT_LOG_HEADER;
  return has_sha384 ? EVENT_LOG_OK : EVENT_LOG_NO_SHA384;
}

event_log_refusal event_log_open(const uint8_t *bytes, size_t count, event_log *log) {
  *log = (event_log){0};
  cursor c = cursor_over(bytes, count);
  take(&c, 4);
  uint32_t type = take_u32(&c);
  take(&c, 20);
  uint32_t size = take_u32(&c);
  if (c.broken || size > c.count - c.at) return EVENT_LOG_TRUNCATED;
  if (type != EV_NO_ACTION) return EVENT_LOG_HEADER;
  cursor data = c;
  data.count = c.at + size;
  if (!equals(bytes, take(&data, 16), "Spec ID Event03", 16)) return EVENT_LOG_HEADER;
  // Platform class, version and size of a UINTN: of no use here.
  take(&data, 8);
  event_log_refusal refusal = take_algorithms(&data, log);
  log->at = (uint32_t)data.count;
  return refusal;
}

/// Whether what is left is no event: nothing, or padding of eight equal bytes (fewer only at the very end).
static bool is_end(const cursor *c) {
  size_t left = c->count - c->at;
  if (left == 0) return true;
  uint8_t first = c->bytes[c->at];
  if (first != 0x00 && first != 0xFF) return false;
  for (size_t i = 0; i < left && i < 8; i++)
    if (c->bytes[c->at + i] != first) return false;
  return true;
}

static uint16_t digest_size(const event_log *log, uint16_t algorithm) {
  for (uint32_t i = 0; i < log->algorithm_count; i++)
    if (log->algorithms[i] == algorithm) return log->digest_sizes[i];
  return 0;
}

static event_log_refusal take_digests(cursor *c, const event_log *log, event_log_event *event) {
  uint32_t digests = take_u32(c);
  if (c->broken) return EVENT_LOG_TRUNCATED;
  if (digests > DIGESTS_LIMIT) return EVENT_LOG_DIGESTS;
  for (uint32_t i = 0; i < digests; i++) {
    uint16_t algorithm = take_u16(c);
    if (c->broken) return EVENT_LOG_TRUNCATED;
    uint16_t size = digest_size(log, algorithm);
    if (size == 0) return EVENT_LOG_DIGESTS;
    evidence_range digest = take(c, size);
    if (algorithm != SHA384_ALGORITHM) continue;
    if (event->sha384.length != 0) return EVENT_LOG_DIGESTS;
    event->sha384 = digest;
  }
  return EVENT_LOG_OK;
}

event_log_refusal event_log_next(const uint8_t *bytes, size_t count, event_log *log, event_log_event *event) {
  *event = (event_log_event){0};
  cursor c = cursor_over(bytes, count);
  take(&c, log->at);
  if (c.broken) return EVENT_LOG_TRUNCATED;
  if (is_end(&c)) return EVENT_LOG_END;
  event->index = take_u32(&c);
  event->type = take_u32(&c);
  event_log_refusal refusal = take_digests(&c, log, event);
  if (refusal != EVENT_LOG_OK) return refusal;
  event->data = take(&c, take_u32(&c));
  log->at = (uint32_t)c.at;
  return c.broken ? EVENT_LOG_TRUNCATED : EVENT_LOG_OK;
}
