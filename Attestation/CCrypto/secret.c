#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "internal.h"

static size_t page_size(void) {
  long size = sysconf(_SC_PAGESIZE);
  return size > 0 ? (size_t)size : 4096;
}

static size_t body_size(size_t count) {
  size_t page = page_size();
  return count == 0 ? page : (count + page - 1) / page * page;
}

// The secret ends where the upper guard page begins would be best against overruns, but callers rely on alignment:
// it starts at the first byte of the body.
void *cc_secret_allocate(size_t count, int *is_locked) {
  size_t page = page_size();
  if (count > SIZE_MAX / 2) return NULL;
  size_t body = body_size(count);
  uint8_t *base = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NULL;
  uint8_t *start = base + page;
  int usable = mprotect(start, body, PROT_READ | PROT_WRITE) == 0 && madvise(start, body, MADV_DONTDUMP) == 0 &&
               madvise(start, body, MADV_WIPEONFORK) == 0;
  if (!usable) {
    munmap(base, body + 2 * page);
    return NULL;
  }
  *is_locked = mlock(start, body) == 0;
  return start;
}

void cc_secret_free(void *secret, size_t count) {
  if (secret == NULL) return;
  size_t page = page_size();
  size_t body = body_size(count);
  OPENSSL_cleanse(secret, body);
  munmap((uint8_t *)secret - page, body + 2 * page);
}

void cc_cleanse(void *bytes, size_t count) { OPENSSL_cleanse(bytes, count); }

int cc_equal(const void *a, const void *b, size_t count) { return CRYPTO_memcmp(a, b, count) == 0; }

int cc_random(void *out, size_t count) {
  return cc_end(RAND_bytes_ex(NULL, out, count, 0) == 1 ? CC_OK : CC_FAILED);
}

int cc_random_private(void *out, size_t count) {
  return cc_end(RAND_priv_bytes_ex(NULL, out, count, 0) == 1 ? CC_OK : CC_FAILED);
}

void cc_bytes_free(cc_bytes *bytes) {
  OPENSSL_clear_free(bytes->data, bytes->count);
  bytes->data = NULL;
  bytes->count = 0;
}

int cc_bytes_copy(const void *data, size_t count, cc_bytes *out) {
  out->data = OPENSSL_malloc(count == 0 ? 1 : count);
  if (out->data == NULL) return CC_FAILED;
  if (count > 0) memcpy(out->data, data, count);
  out->count = count;
  return CC_OK;
}
