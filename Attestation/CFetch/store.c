#include "transfer.h"

#include <stdlib.h>
#include <string.h>

void cf_erase(void *bytes, size_t count) { explicit_bzero(bytes, count); }

// realloc would leave the old bytes behind.
static int grow(store *held, size_t needed) {
  size_t capacity = held->capacity ? held->capacity : 4096;
  while (capacity < needed) capacity *= 2;
  uint8_t *bytes = malloc(capacity);
  if (!bytes) return 0;
  if (held->count) memcpy(bytes, held->bytes, held->count);
  size_t count = held->count, limit = held->limit;
  store_free(held);
  *held = (store){bytes, count, capacity, limit};
  return 1;
}

int store_append(store *to, const void *bytes, size_t count) {
  if (count == 0) return 1;
  if (count > to->limit - to->count) return 0;
  if (to->count + count > to->capacity && !grow(to, to->count + count)) return 0;
  memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
  return 1;
}

void store_free(store *held) {
  if (held->bytes) explicit_bzero(held->bytes, held->capacity);
  free(held->bytes);
  *held = (store){0};
}
