#include <pthread.h>

#include "internal.h"

#define WRAP_MAX ((size_t)1 << 16)

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_CIPHER *wrap;

static void fetch(void) { wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL); }

static EVP_CIPHER_CTX *wrap_context(const void *key, int is_wrapping) {
  pthread_once(&fetched, fetch);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  if (context == NULL) return NULL;
  EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_CipherInit_ex2(context, wrap, key, NULL, is_wrapping, NULL) == 1) return context;
  EVP_CIPHER_CTX_free(context);
  return NULL;
}

int cc_key_wrap(const void *key, size_t key_count, const void *plaintext, size_t count, void *wrapped) {
  if (key_count != 32) return CC_BAD_KEY;
  if (count < 16 || count % 8 != 0 || count > WRAP_MAX) return CC_BAD_LENGTH;
  EVP_CIPHER_CTX *context = wrap_context(key, 1);
  int written = 0;
  int is_done = context != NULL && EVP_CipherUpdate(context, wrapped, &written, plaintext, (int)count) == 1 &&
                (size_t)written == count + 8;
  EVP_CIPHER_CTX_free(context);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

int cc_key_unwrap(const void *key, size_t key_count, const void *wrapped, size_t wrapped_count, void *plaintext) {
  if (key_count != 32) return CC_BAD_KEY;
  if (wrapped_count < 24 || wrapped_count % 8 != 0 || wrapped_count > WRAP_MAX) return CC_BAD_LENGTH;
  EVP_CIPHER_CTX *context = wrap_context(key, 0);
  if (context == NULL) return cc_end(CC_FAILED);
  int written = 0;
  int is_done = EVP_CipherUpdate(context, plaintext, &written, wrapped, (int)wrapped_count) == 1 &&
                (size_t)written == wrapped_count - 8;
  EVP_CIPHER_CTX_free(context);
  if (!is_done) OPENSSL_cleanse(plaintext, wrapped_count - 8);
  return cc_end(is_done ? CC_OK : CC_REFUSED);
}
