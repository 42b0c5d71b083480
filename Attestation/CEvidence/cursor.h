// Reads bytes front to back. A read past the end sets `broken`, which never clears: a parser takes every field and asks
// once at the end. Lengths are compared with what is left, never added to a position.
#ifndef CEVIDENCE_CURSOR_H
#define CEVIDENCE_CURSOR_H

#include <stdbool.h>

#include "CEvidence.h"

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t at;
  bool broken;
} cursor;

/// - Precondition: `count` fits 32 bits, so that every range does.
static inline cursor cursor_over(const uint8_t *bytes, size_t count) {
  return (cursor){.bytes = bytes, .count = count, .at = 0, .broken = count > UINT32_MAX};
}

static inline evidence_range take(cursor *c, size_t n) {
  if (c->broken || n > c->count - c->at) {
    c->broken = true;
    return (evidence_range){0, 0};
  }
  evidence_range range = {(uint32_t)c->at, (uint32_t)n};
  c->at += n;
  return range;
}

/// `n` bytes (at most 8) as one little-endian integer.
static inline uint64_t take_little_endian(cursor *c, size_t n) {
  evidence_range range = take(c, n);
  uint64_t value = 0;
  for (uint32_t i = range.length; i > 0; i--) value = value << 8 | c->bytes[range.offset + i - 1];
  return value;
}

static inline uint8_t take_u8(cursor *c) { return (uint8_t)take_little_endian(c, 1); }
static inline uint32_t take_u32(cursor *c) { return (uint32_t)take_little_endian(c, 4); }
static inline uint64_t take_u64(cursor *c) { return take_little_endian(c, 8); }

static inline bool is_zero(const uint8_t *bytes, evidence_range range) {
  uint8_t seen = 0;
  for (uint32_t i = 0; i < range.length; i++) seen |= bytes[range.offset + i];
  return seen == 0;
}

#endif
