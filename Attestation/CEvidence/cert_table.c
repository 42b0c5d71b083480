#include "cursor.h"

/// `{offset, length}` lies inside `count` bytes; no sum is formed.
static bool is_inside(uint32_t offset, uint32_t length, size_t count) {
  return offset <= count && length <= count - offset;
}

static snp_table_refusal take_entries(cursor *c, snp_table *table) {
  for (;;) {
    evidence_range guid = take(c, 16);
    uint32_t offset = take_u32(c);
    uint32_t length = take_u32(c);
    if (c->broken) return SNP_TABLE_TRUNCATED;
    if (is_zero(c->bytes, guid)) return SNP_TABLE_OK;
    if (table->count == SNP_TABLE_MAX_ENTRIES) return SNP_TABLE_TOO_MANY_ENTRIES;
    if (!is_inside(offset, length, c->count)) return SNP_TABLE_OUT_OF_BOUNDS;
    table->entries[table->count++] = (snp_table_entry){guid, {offset, length}};
  }
}

snp_table_refusal snp_table_find(const uint8_t *bytes, size_t count, snp_table *table) {
  cursor c = cursor_over(bytes, count);
  *table = (snp_table){0};
  snp_table_refusal refusal = take_entries(&c, table);
  if (refusal != SNP_TABLE_OK) return refusal;
  // A buffer that the host left empty is a table without entries; anything else behind such a table makes it none.
  if (table->count == 0 && !is_zero(bytes, take(&c, c.count - c.at))) return SNP_TABLE_TRAILING;
  for (uint32_t i = 0; i < table->count; i++)
    if (table->entries[i].data.offset < c.at) return SNP_TABLE_OVERLAPS_ENTRIES;
  return SNP_TABLE_OK;
}
