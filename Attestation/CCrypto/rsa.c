#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "internal.h"

#define NUMBER_MAX 1024  // bytes of an 8192-bit modulus

int cc_rsa_generate(int bits, cc_key **key) {
  *key = NULL;
  if (bits < 2048 || bits > 8192) return CC_BAD_LENGTH;
  EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
  return pkey == NULL ? cc_end(CC_FAILED) : cc_key_take(pkey, key);
}

int cc_rsa_from_numbers(const void *n, size_t n_count, const void *e, size_t e_count, cc_key **key) {
  *key = NULL;
  if (n_count == 0 || n_count > NUMBER_MAX || e_count == 0 || e_count > 8) return CC_BAD_LENGTH;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  BIGNUM *modulus = BN_bin2bn(n, (int)n_count, NULL);
  BIGNUM *exponent = BN_bin2bn(e, (int)e_count, NULL);
  OSSL_PARAM *parameters = NULL;
  EVP_PKEY *pkey = NULL;
  if (builder != NULL && context != NULL && modulus != NULL && exponent != NULL &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
    parameters = OSSL_PARAM_BLD_to_param(builder);
  if (parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
      EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
    pkey = NULL;
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  EVP_PKEY_CTX_free(context);
  BN_free(modulus);
  BN_free(exponent);
  return cc_key_take(pkey, key);
}

int cc_bytes_from_number(const BIGNUM *number, cc_bytes *out) {
  // Zero is one byte, so that no number is an empty string.
  int count = BN_is_zero(number) ? 1 : BN_num_bytes(number);
  out->data = OPENSSL_malloc((size_t)count);
  if (out->data == NULL) return CC_FAILED;
  out->count = (size_t)count;
  return BN_bn2binpad(number, out->data, count) == count ? CC_OK : CC_FAILED;
}

int cc_rsa_numbers(const cc_key *key, cc_bytes *n, cc_bytes *e) {
  BIGNUM *modulus = NULL, *exponent = NULL;
  int code = CC_FAILED;
  if (EVP_PKEY_get_bn_param(cc_key_pkey(key), OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
      EVP_PKEY_get_bn_param(cc_key_pkey(key), OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
      cc_bytes_from_number(modulus, n) == CC_OK) {
    code = cc_bytes_from_number(exponent, e);
    if (code != CC_OK) cc_bytes_free(n);
  }
  BN_free(modulus);
  BN_free(exponent);
  return cc_end(code);
}

// `salt_count` < 0 means PKCS #1 v1.5.
static int verify(
  const cc_key *key, int hash, int salt_count, const void *signature, size_t signature_count, const void *message,
  size_t count) {
  const EVP_MD *md = cc_md(hash);
  if (md == NULL || cc_key_kind(key) != CC_RSA) return CC_UNSUPPORTED;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *options = NULL;
  int is_ready = context != NULL &&
                 EVP_DigestVerifyInit_ex(context, &options, EVP_MD_get0_name(md), NULL, NULL, cc_key_pkey(key), NULL) == 1;
  if (is_ready && salt_count >= 0)
    is_ready = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(options, md) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt_count) == 1;
  else if (is_ready)
    is_ready = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1;
  int is_good = is_ready && EVP_DigestVerify(context, signature, signature_count, message, count) == 1;
  EVP_MD_CTX_free(context);
  return cc_end(is_good ? CC_OK : is_ready ? CC_REFUSED : CC_FAILED);
}

int cc_rsa_verify_pss(
  const cc_key *key, int hash, int salt_count, const void *signature, size_t signature_count, const void *message,
  size_t count) {
  if (salt_count < 0) return CC_BAD_LENGTH;
  return verify(key, hash, salt_count, signature, signature_count, message, count);
}

int cc_rsa_verify_pkcs1(
  const cc_key *key, int hash, const void *signature, size_t signature_count, const void *message, size_t count) {
  return verify(key, hash, -1, signature, signature_count, message, count);
}

// OAEP with SHA-256 for the label and for MGF1, empty label.
static int set_oaep(EVP_PKEY_CTX *context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, cc_md(CC_SHA256)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, cc_md(CC_SHA256)) == 1;
}

int cc_rsa_oaep_encrypt(const cc_key *key, const void *plaintext, size_t count, cc_bytes *ciphertext) {
  if (cc_key_kind(key) != CC_RSA) return CC_BAD_KEY;
  size_t width = (size_t)EVP_PKEY_get_size(cc_key_pkey(key));
  if (count + 66 > width) return CC_BAD_LENGTH;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, cc_key_pkey(key), NULL);
  ciphertext->data = OPENSSL_malloc(width);
  ciphertext->count = width;
  int is_done = context != NULL && ciphertext->data != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                set_oaep(context) &&
                EVP_PKEY_encrypt(context, ciphertext->data, &ciphertext->count, plaintext, count) == 1;
  EVP_PKEY_CTX_free(context);
  if (!is_done) cc_bytes_free(ciphertext);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

int cc_rsa_oaep_decrypt(
  const cc_key *key, const void *ciphertext, size_t ciphertext_count, void *plaintext, size_t capacity,
  size_t *count) {
  if (cc_key_kind(key) != CC_RSA) return CC_BAD_KEY;
  size_t width = (size_t)EVP_PKEY_get_size(cc_key_pkey(key));
  if (ciphertext_count != width) return CC_REFUSED;
  if (capacity < width) return CC_BAD_LENGTH;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, cc_key_pkey(key), NULL);
  *count = capacity;
  int is_ready = context != NULL && EVP_PKEY_decrypt_init(context) == 1 && set_oaep(context);
  int is_done = is_ready && EVP_PKEY_decrypt(context, plaintext, count, ciphertext, ciphertext_count) == 1;
  EVP_PKEY_CTX_free(context);
  if (!is_done) *count = 0;
  return cc_end(is_done ? CC_OK : is_ready ? CC_REFUSED : CC_FAILED);
}
