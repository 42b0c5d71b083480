#include "internal.h"

// GCM's own limit for one message: 2^39 - 256 bits.
#define LONGEST (((uint64_t)1 << 36) - 32)

struct cc_passage {
  EVP_CIPHER_CTX *context;
  uint64_t count;
};

cc_passage *cc_passage_new(const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count) {
  if (key_count != 32 || nonce_count != CC_NONCE || aad_count > INT32_MAX) return NULL;
  cc_passage *passage = OPENSSL_zalloc(sizeof *passage);
  if (passage == NULL) return NULL;
  int written = 0;
  passage->context = EVP_CIPHER_CTX_new();
  if (passage->context == NULL || EVP_DecryptInit_ex2(passage->context, cc_gcm_cipher(), key, nonce, NULL) != 1 ||
      EVP_DecryptUpdate(passage->context, NULL, &written, aad, (int)aad_count) != 1) {
    cc_passage_free(passage);
    passage = NULL;
  }
  ERR_clear_error();
  return passage;
}

int cc_passage_open(cc_passage *passage, const void *sealed, size_t count, void *plaintext) {
  int written = 0;
  if (count > INT32_MAX || count > LONGEST - passage->count) return CC_BAD_LENGTH;
  if (EVP_DecryptUpdate(passage->context, plaintext, &written, sealed, (int)count) != 1) return cc_end(CC_FAILED);
  passage->count += count;
  return CC_OK;
}

int cc_passage_verify(cc_passage *passage, const void *tag) {
  uint8_t copy[CC_TAG], nothing[CC_TAG];
  int written = 0;
  memcpy(copy, tag, CC_TAG);
  if (EVP_CIPHER_CTX_ctrl(passage->context, EVP_CTRL_AEAD_SET_TAG, CC_TAG, copy) != 1) return cc_end(CC_FAILED);
  return cc_end(EVP_DecryptFinal_ex(passage->context, nothing, &written) == 1 ? CC_OK : CC_REFUSED);
}

void cc_passage_free(cc_passage *passage) {
  if (passage == NULL) return;
  EVP_CIPHER_CTX_free(passage->context);
  OPENSSL_free(passage);
}
