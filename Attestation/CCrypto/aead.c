#include <pthread.h>

#include "internal.h"

#define CHUNK ((size_t)1 << 30)  // EVP takes int lengths

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_CIPHER *gcm;

static void fetch(void) {
  gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

const EVP_CIPHER *cc_gcm_cipher(void) {
  pthread_once(&fetched, fetch);
  return gcm;
}

// `out` NULL feeds associated data.
static int update(EVP_CIPHER_CTX *context, const uint8_t *in, size_t count, uint8_t *out) {
  while (count > 0) {
    size_t step = count < CHUNK ? count : CHUNK;
    int written = 0;
    if (EVP_CipherUpdate(context, out, &written, in, (int)step) != 1) return 0;
    in += step;
    count -= step;
    if (out != NULL) out += written;
  }
  return 1;
}

int cc_gcm_seal_with(
  EVP_CIPHER_CTX *context, const void *aad, size_t aad_count, const void *plaintext, size_t count, uint8_t *sealed) {
  int written = 0;
  int is_done = update(context, aad, aad_count, NULL) && update(context, plaintext, count, sealed) &&
                EVP_EncryptFinal_ex(context, sealed + count, &written) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CC_TAG, sealed + count) == 1;
  if (!is_done) OPENSSL_cleanse(sealed, count);
  return is_done ? CC_OK : CC_FAILED;
}

int cc_gcm_open_with(
  EVP_CIPHER_CTX *context, const void *aad, size_t aad_count, const uint8_t *sealed, size_t count,
  uint8_t *plaintext) {
  uint8_t tag[CC_TAG];
  memcpy(tag, sealed + count, CC_TAG);
  int written = 0;
  uint8_t nothing[CC_TAG];
  int is_ready = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CC_TAG, tag) == 1 &&
                 update(context, aad, aad_count, NULL) && update(context, sealed, count, plaintext);
  if (is_ready && EVP_DecryptFinal_ex(context, nothing, &written) == 1) return CC_OK;
  // What was written is not authenticated; nobody may see it.
  if (count > 0) OPENSSL_cleanse(plaintext, count);
  return is_ready ? CC_REFUSED : CC_FAILED;
}

int cc_gcm_seal(
  const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count,
  const void *plaintext, size_t count, void *sealed) {
  if (key_count != 32) return CC_BAD_KEY;
  if (nonce_count != CC_NONCE) return CC_BAD_LENGTH;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int code = CC_FAILED;
  if (context != NULL && EVP_EncryptInit_ex2(context, cc_gcm_cipher(), key, nonce, NULL) == 1)
    code = cc_gcm_seal_with(context, aad, aad_count, plaintext, count, sealed);
  EVP_CIPHER_CTX_free(context);
  return cc_end(code);
}

int cc_gcm_open(
  const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count,
  const void *sealed, size_t sealed_count, void *plaintext) {
  if (key_count != 32) return CC_BAD_KEY;
  if (nonce_count != CC_NONCE || sealed_count < CC_TAG) return CC_BAD_LENGTH;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int code = CC_FAILED;
  if (context != NULL && EVP_DecryptInit_ex2(context, cc_gcm_cipher(), key, nonce, NULL) == 1)
    code = cc_gcm_open_with(context, aad, aad_count, sealed, sealed_count - CC_TAG, plaintext);
  EVP_CIPHER_CTX_free(context);
  return cc_end(code);
}
