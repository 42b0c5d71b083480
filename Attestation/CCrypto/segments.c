#include "internal.h"

struct cc_segments {
  EVP_CIPHER_CTX *context;
};

cc_segments *cc_segments_new(const void *key, size_t key_count) {
  if (key_count != 32) return NULL;
  cc_segments *segments = OPENSSL_malloc(sizeof *segments);
  if (segments == NULL) return NULL;
  segments->context = EVP_CIPHER_CTX_new();
  if (segments->context == NULL || EVP_EncryptInit_ex2(segments->context, cc_gcm_cipher(), key, NULL, NULL) != 1) {
    cc_segments_free(segments);
    segments = NULL;
  }
  ERR_clear_error();
  return segments;
}

// The key schedule stays; only the nonce and the direction change.
int cc_segments_seal(
  cc_segments *segments, const void *nonce, size_t nonce_count, const void *plaintext, size_t count, void *sealed) {
  if (nonce_count != CC_NONCE) return CC_BAD_LENGTH;
  if (EVP_EncryptInit_ex2(segments->context, NULL, NULL, nonce, NULL) != 1) return cc_end(CC_FAILED);
  return cc_end(cc_gcm_seal_with(segments->context, NULL, 0, plaintext, count, sealed));
}

int cc_segments_open(
  cc_segments *segments, const void *nonce, size_t nonce_count, const void *sealed, size_t sealed_count,
  void *plaintext) {
  if (nonce_count != CC_NONCE || sealed_count < CC_TAG) return CC_BAD_LENGTH;
  if (EVP_DecryptInit_ex2(segments->context, NULL, NULL, nonce, NULL) != 1) return cc_end(CC_FAILED);
  return cc_end(cc_gcm_open_with(segments->context, NULL, 0, sealed, sealed_count - CC_TAG, plaintext));
}

void cc_segments_free(cc_segments *segments) {
  if (segments == NULL) return;
  EVP_CIPHER_CTX_free(segments->context);
  OPENSSL_free(segments);
}
