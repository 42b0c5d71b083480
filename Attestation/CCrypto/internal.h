// Shared by the files of this door only.
#pragma once

#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "CCrypto.h"

// A point that came from outside checks signatures, and becomes an EVP_PKEY, which costs more than three times as much to
// make, when something else is asked of it: cc_key_pkey.
struct cc_key {
  _Atomic(EVP_PKEY *) pkey;
  EC_KEY *point;  // NULL for every other key
  int kind;       // one of CC_P256 …; asking libcrypto costs a hash of names
};
struct cc_certificate {
  X509 *x509;
  int64_t not_before;
  int64_t not_after;
};
struct cc_crl {
  X509_CRL *crl;
  int64_t this_update;
  int64_t next_update;
  int has_next_update;
};

#define CC_HASH_MAX 64
#define CC_TAG 16
#define CC_NONCE 12

// Leaves no trace in the error queue, whatever the outcome.
static inline int cc_end(int code) {
  ERR_clear_error();
  return code;
}

const EVP_MD *cc_md(int hash);      // NULL for a number that is no hash
size_t cc_hash_count(int hash);     // 0 for a number that is no hash
int cc_hash_of_nid(int nid);        // CC_SHA or 0
const EVP_CIPHER *cc_gcm_cipher(void);
// With a context whose key, nonce and direction are set; the tag follows the ciphertext.
int cc_gcm_seal_with(
  EVP_CIPHER_CTX *context, const void *aad, size_t aad_count, const void *plaintext, size_t count, uint8_t *sealed);
int cc_gcm_open_with(
  EVP_CIPHER_CTX *context, const void *aad, size_t aad_count, const uint8_t *sealed, size_t count, uint8_t *plaintext);
const char *cc_curve_name(int curve);

EVP_PKEY *cc_key_pkey(const cc_key *key);           // stays the key's; NULL when memory ran out
EVP_PKEY *cc_ec_pkey_of_point(const cc_key *key);   // the caller's
void cc_ec_free_point(EC_KEY *point);
int cc_key_take(EVP_PKEY *pkey, cc_key **key);      // owns pkey from here on, also on failure
int cc_ec_from_spki(const uint8_t *der, size_t count, cc_key **key);  // CC_UNSUPPORTED unless a named curve's one form
int cc_bytes_copy(const void *data, size_t count, cc_bytes *out);
int cc_bytes_from_number(const BIGNUM *number, cc_bytes *out);
int cc_time_from_text(const unsigned char *text, size_t count, int is_short, int64_t *seconds);
int cc_time_from_asn1(const ASN1_TIME *time, int64_t *seconds);  // DER form of RFC 5280 §4.1.2.5 only
void cc_signature_algorithm_of(const X509_ALGOR *algorithm, cc_signature_algorithm *out);
int cc_name_bytes(const X509_NAME *name, cc_bytes *out);
int cc_serial_bytes(const ASN1_INTEGER *serial, cc_bytes *out);  // CC_MALFORMED when negative
