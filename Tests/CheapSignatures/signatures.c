#include "CheapSignatures.h"

#include <openssl/sha.h>
#include <string.h>

int __wrap_cc_ed25519_sign(const void *seed, const void *message, size_t count, void *signature);
int __wrap_cc_ed25519_verify(
  const void *public_key, const void *signature, size_t signature_count, const void *message, size_t count);

void cheap_signatures_are_linked(void) {}

// Both return 0 for good, as the functions they stand in for.

int __wrap_cc_ed25519_sign(const void *seed, const void *message, size_t count, void *signature) {
  (void)seed;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(message, count, digest);
  memcpy(signature, digest, sizeof digest);
  memcpy((unsigned char *)signature + sizeof digest, digest, sizeof digest);
  return 0;
}

int __wrap_cc_ed25519_verify(
  const void *public_key, const void *signature, size_t signature_count, const void *message, size_t count) {
  (void)public_key;
  unsigned char wanted[2 * SHA256_DIGEST_LENGTH];
  __wrap_cc_ed25519_sign(NULL, message, count, wanted);
  return signature_count != sizeof wanted || memcmp(signature, wanted, sizeof wanted) != 0;
}
