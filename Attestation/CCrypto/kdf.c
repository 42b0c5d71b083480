#include "internal.h"

// RFC 5869 §2.3 by hand over HMAC: libcrypto 3.0's own HKDF refuses an info longer than 2048 bytes.
static int expand(
  int hash, const uint8_t *key, const void *info, size_t info_count, uint8_t *out, size_t out_count) {
  size_t width = cc_hash_count(hash);
  size_t capacity = CC_HASH_MAX + info_count + 1;
  uint8_t *block = OPENSSL_malloc(capacity);
  uint8_t result[CC_HASH_MAX];
  if (block == NULL) return CC_FAILED;
  size_t previous = 0;
  int code = CC_OK;
  for (uint8_t counter = 1; out_count > 0 && code == CC_OK; counter++) {
    if (info_count > 0) memcpy(block + previous, info, info_count);
    block[previous + info_count] = counter;
    code = cc_hmac(hash, key, width, block, previous + info_count + 1, result);
    size_t take = out_count < width ? out_count : width;
    memcpy(out, result, take);
    out += take;
    out_count -= take;
    memcpy(block, result, width);
    previous = width;
  }
  OPENSSL_clear_free(block, capacity);
  OPENSSL_cleanse(result, sizeof result);
  return code;
}

int cc_hkdf(
  int hash, const void *input, size_t input_count, const void *salt, size_t salt_count, const void *info,
  size_t info_count, void *out, size_t out_count) {
  static const uint8_t zeros[CC_HASH_MAX];
  size_t width = cc_hash_count(hash);
  if (width == 0) return CC_UNSUPPORTED;
  if (out_count > 255 * width || info_count > SIZE_MAX / 2) return CC_BAD_LENGTH;
  uint8_t key[CC_HASH_MAX];
  int code = salt_count == 0 ? cc_hmac(hash, zeros, width, input, input_count, key)
                             : cc_hmac(hash, salt, salt_count, input, input_count, key);
  if (code == CC_OK) code = expand(hash, key, info, info_count, out, out_count);
  OPENSSL_cleanse(key, sizeof key);
  return code;
}
