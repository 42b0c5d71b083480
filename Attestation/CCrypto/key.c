#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "internal.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define DER_MAX ((size_t)1 << 16)

void cc_key_free(cc_key *key) {
  if (key == NULL) return;
  EVP_PKEY_free(atomic_load(&key->pkey));
  cc_ec_free_point(key->point);
  OPENSSL_free(key);
}

// The first that was made stays, so that it may be read on several threads.
EVP_PKEY *cc_key_pkey(const cc_key *key) {
  EVP_PKEY *known = atomic_load(&key->pkey);
  if (known != NULL || key->point == NULL) return known;
  EVP_PKEY *made = cc_ec_pkey_of_point(key);
  if (made == NULL || atomic_compare_exchange_strong(&((cc_key *)key)->pkey, &known, made)) return made;
  EVP_PKEY_free(made);
  return known;
}

static int curve_of(const EVP_PKEY *pkey) {
  char name[32];
  size_t count = 0;
  if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &count) != 1) return 0;
  switch (OBJ_sn2nid(name)) {
    case NID_X9_62_prime256v1: return CC_P256;
    case NID_secp384r1: return CC_P384;
    case NID_secp521r1: return CC_P521;
    default: return 0;
  }
}

static int kind_of(const EVP_PKEY *pkey) {
  if (EVP_PKEY_is_a(pkey, "EC")) return curve_of(pkey);
  if (EVP_PKEY_is_a(pkey, "RSA")) return CC_RSA;
  if (EVP_PKEY_is_a(pkey, "ED25519")) return CC_ED25519;
  return 0;
}

int cc_key_kind(const cc_key *key) { return key->kind; }

int cc_key_bits(const cc_key *key) { return EVP_PKEY_get_bits(cc_key_pkey(key)); }

// An explicitly described curve may be a named one with another base point.
static int is_named_curve(const EVP_PKEY *pkey) {
  char encoding[32];
  size_t count = 0;
  return EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding, sizeof encoding, &count) == 1 &&
         strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) == 0;
}

static int check_ec(EVP_PKEY *pkey) {
  if (!is_named_curve(pkey) || curve_of(pkey) == 0) return CC_UNSUPPORTED;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
  int is_on_curve = context != NULL && EVP_PKEY_public_check_quick(context) == 1;
  EVP_PKEY_CTX_free(context);
  return is_on_curve ? CC_OK : CC_BAD_KEY;
}

static int check_rsa(EVP_PKEY *pkey) {
  int bits = EVP_PKEY_get_bits(pkey);
  if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) return CC_BAD_KEY;
  BIGNUM *n = NULL, *e = NULL;
  int is_good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(n) && BN_is_odd(e) &&
                BN_num_bits(e) > 16 && BN_num_bits(e) <= 64;
  BN_free(n);
  BN_free(e);
  return is_good ? CC_OK : CC_BAD_KEY;
}

int cc_key_take(EVP_PKEY *pkey, cc_key **key) {
  *key = NULL;
  if (pkey == NULL) return cc_end(CC_BAD_KEY);
  int code = CC_UNSUPPORTED;
  if (EVP_PKEY_is_a(pkey, "EC")) code = check_ec(pkey);
  else if (EVP_PKEY_is_a(pkey, "RSA")) code = check_rsa(pkey);
  else if (EVP_PKEY_is_a(pkey, "ED25519")) code = CC_OK;
  cc_key *made = code == CC_OK ? OPENSSL_zalloc(sizeof *made) : NULL;
  if (made == NULL) {
    EVP_PKEY_free(pkey);
    return cc_end(code == CC_OK ? CC_FAILED : code);
  }
  atomic_init(&made->pkey, pkey);
  made->kind = kind_of(pkey);
  *key = made;
  return cc_end(CC_OK);
}

int cc_key_from_spki(const void *der, size_t count, cc_key **key) {
  *key = NULL;
  if (count == 0 || count > DER_MAX) return CC_BAD_LENGTH;
  int code = cc_ec_from_spki(der, count, key);
  if (code != CC_UNSUPPORTED) return code;
  const unsigned char *at = der;
  EVP_PKEY *pkey = d2i_PUBKEY_ex(NULL, &at, (long)count, NULL, NULL);
  if (pkey == NULL) return cc_end(CC_BAD_KEY);
  // One key has one encoding: what differs from libcrypto's own DER is refused, and so are trailing bytes.
  unsigned char *again = NULL;
  int again_count = i2d_PUBKEY(pkey, &again);
  int is_canonical = again_count > 0 && (size_t)again_count == count && memcmp(again, der, count) == 0;
  OPENSSL_free(again);
  if (!is_canonical) {
    EVP_PKEY_free(pkey);
    return cc_end(CC_MALFORMED);
  }
  return cc_key_take(pkey, key);
}

int cc_key_spki(const cc_key *key, cc_bytes *der) {
  unsigned char *data = NULL;
  int count = i2d_PUBKEY(cc_key_pkey(key), &data);
  if (count <= 0) return cc_end(CC_FAILED);
  der->data = data;
  der->count = (size_t)count;
  return cc_end(CC_OK);
}

int cc_key_from_pkcs8(const void *der, size_t count, cc_key **key) {
  *key = NULL;
  if (count == 0 || count > DER_MAX) return CC_BAD_LENGTH;
  const unsigned char *at = der;
  PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)count);
  EVP_PKEY *pkey = NULL;
  if (info != NULL && at == (const unsigned char *)der + count) pkey = EVP_PKCS82PKEY_ex(info, NULL, NULL);
  PKCS8_PRIV_KEY_INFO_free(info);
  return cc_key_take(pkey, key);
}

int cc_key_pkcs8(const cc_key *key, cc_bytes *der) {
  PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(cc_key_pkey(key));
  unsigned char *data = NULL;
  int count = info == NULL ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info, &data);
  PKCS8_PRIV_KEY_INFO_free(info);
  if (count <= 0) return cc_end(CC_FAILED);
  der->data = data;
  der->count = (size_t)count;
  return cc_end(CC_OK);
}
