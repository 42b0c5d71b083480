// Reads DER front to back without making anything of it: definite lengths in their shortest form. Spec: X.690 §8, §10.1.
//
// A read that fails sets `is_broken`, which never clears: a parser takes every field and asks once at the end. Lengths are
// compared with what is left, never added to a position.
#pragma once

#include <string.h>

#include "CCrypto.h"

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_IDENTIFIER 0x06
#define DER_ENUMERATED 0x0A
#define DER_UTF8 0x0C
#define DER_PRINTABLE 0x13
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE 0x30
#define DER_SET 0x31

typedef struct {
  const uint8_t *bytes;
  size_t at;
  size_t end;
  int is_broken;
} der_reader;

// Precondition: `count` fits 31 bits, so that every range does.
static inline der_reader der_over(const uint8_t *bytes, size_t count) {
  return (der_reader){bytes, 0, count, count > INT32_MAX};
}

static inline der_reader der_in(const uint8_t *bytes, cc_range range) {
  return (der_reader){bytes, range.offset, (size_t)range.offset + range.count, 0};
}

static inline int der_is_at_end(const der_reader *from) { return from->at == from->end; }
static inline int der_is_done(const der_reader *from) { return !from->is_broken && der_is_at_end(from); }
static inline int der_has(const der_reader *from, uint8_t tag) {
  return !from->is_broken && from->at < from->end && from->bytes[from->at] == tag;
}

static inline cc_range der_break(der_reader *from) {
  from->is_broken = 1;
  return (cc_range){0, 0};
}

// The content of the next element, which must have this tag.
static inline cc_range der_take(der_reader *from, uint8_t tag) {
  if (!der_has(from, tag) || from->end - from->at < 2) return der_break(from);
  size_t at = from->at + 1, count = from->bytes[at++];
  if (count >= 0x80) {
    size_t digits = count & 0x7F;
    if (digits < 1 || digits > 3 || digits > from->end - at || from->bytes[at] == 0) return der_break(from);
    for (count = 0; digits > 0; digits--) count = count << 8 | from->bytes[at++];
    if (count < 0x80) return der_break(from);
  }
  if (count > from->end - at) return der_break(from);
  from->at = at + count;
  return (cc_range){(uint32_t)at, (uint32_t)count};
}

// The same element with its header.
static inline cc_range der_take_whole(der_reader *from, uint8_t tag) {
  size_t start = from->at;
  der_take(from, tag);
  return from->is_broken ? (cc_range){0, 0} : (cc_range){(uint32_t)start, (uint32_t)(from->at - start)};
}

// A whole number that is not negative, big-endian without leading zeros; zero is one byte.
static inline cc_range der_take_magnitude(der_reader *from) {
  cc_range content = der_take(from, DER_INTEGER);
  const uint8_t *digits = from->bytes + content.offset;
  if (content.count == 0 || digits[0] >= 0x80) return der_break(from);
  if (digits[0] != 0 || content.count == 1) return content;
  if (digits[1] < 0x80) return der_break(from);
  return (cc_range){content.offset + 1, content.count - 1};
}

static inline int der_equals(const uint8_t *bytes, cc_range range, const void *other, size_t count) {
  return range.count == count && memcmp(bytes + range.offset, other, count) == 0;
}
