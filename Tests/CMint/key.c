#include "mint.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

static size_t write_private_key(EVP_PKEY *key, uint8_t *out, size_t capacity) {
  PKCS8_PRIV_KEY_INFO *info = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
  int count = info == NULL ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
  size_t written = 0;
  if (count > 0 && (size_t)count <= capacity) {
    i2d_PKCS8_PRIV_KEY_INFO(info, &out);
    written = (size_t)count;
  }
  PKCS8_PRIV_KEY_INFO_free(info);
  EVP_PKEY_free(key);
  return written;
}

EVP_PKEY *mint_read_private_key(mint_bytes pkcs8) {
  const uint8_t *at = pkcs8.bytes;
  return d2i_AutoPrivateKey(NULL, &at, (long)pkcs8.count);
}

size_t mint_rsa_key(unsigned bits, uint8_t *out, size_t capacity) {
  return write_private_key(EVP_RSA_gen(bits), out, capacity);
}

size_t mint_ec_key(const char *curve, uint8_t *out, size_t capacity) {
  return write_private_key(EVP_EC_gen(curve), out, capacity);
}

size_t mint_public_key(mint_bytes pkcs8, uint8_t *out, size_t capacity) {
  EVP_PKEY *key = mint_read_private_key(pkcs8);
  int count = key == NULL ? 0 : i2d_PUBKEY(key, NULL);
  size_t written = 0;
  if (count > 0 && (size_t)count <= capacity) {
    i2d_PUBKEY(key, &out);
    written = (size_t)count;
  }
  EVP_PKEY_free(key);
  return written;
}

static size_t write_raw_signature(const uint8_t *der, size_t count, uint8_t *out, int half) {
  ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)count);
  if (signature == NULL) return 0;
  bool done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half) == half &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half) == half;
  ECDSA_SIG_free(signature);
  return done ? 2 * (size_t)half : 0;
}

size_t mint_sign_ecdsa(mint_bytes pkcs8, mint_bytes message, uint8_t *out, size_t capacity) {
  if (capacity < 96) return 0;
  EVP_PKEY *key = mint_read_private_key(pkcs8);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool is_p256 = key != NULL && EVP_PKEY_get_bits(key) == 256;
  uint8_t der[128];
  size_t count = sizeof der;
  size_t written = 0;
  if (key != NULL && context != NULL &&
      EVP_DigestSignInit(context, NULL, is_p256 ? EVP_sha256() : EVP_sha384(), NULL, key) == 1 &&
      EVP_DigestSign(context, der, &count, message.bytes, message.count) == 1)
    written = write_raw_signature(der, count, out, is_p256 ? 32 : 48);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return written;
}
