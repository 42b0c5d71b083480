#include "internal.h"

#define SEED 32
#define SIGNATURE 64

int cc_ed25519_public(const void *seed, void *public_key) {
  EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, SEED);
  size_t count = 32;
  int is_done = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, public_key, &count) == 1 && count == 32;
  EVP_PKEY_free(pkey);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

// The expanded key exists only while one signature is made.
int cc_ed25519_sign(const void *seed, const void *message, size_t count, void *signature) {
  EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, SEED);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t written = SIGNATURE;
  int is_done = pkey != NULL && context != NULL &&
                EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
                EVP_DigestSign(context, signature, &written, message, count) == 1 && written == SIGNATURE;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pkey);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

int cc_ed25519_verify(
  const void *public_key, const void *signature, size_t signature_count, const void *message, size_t count) {
  if (signature_count != SIGNATURE) return CC_REFUSED;
  EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public_key, 32);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int is_ready = pkey != NULL && context != NULL &&
                 EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, pkey, NULL) == 1;
  int is_good = is_ready && EVP_DigestVerify(context, signature, signature_count, message, count) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pkey);
  return cc_end(is_good ? CC_OK : is_ready ? CC_REFUSED : CC_FAILED);
}
