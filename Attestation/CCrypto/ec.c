// EC_KEY is the low-level form of a point: deprecated since OpenSSL 3.0, and what its provider still uses.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include "internal.h"

#define WIDTH_MAX 66
#define POINT_MAX (1 + 2 * WIDTH_MAX)

const char *cc_curve_name(int curve) {
  switch (curve) {
    case CC_P256: return SN_X9_62_prime256v1;
    case CC_P384: return SN_secp384r1;
    case CC_P521: return SN_secp521r1;
    default: return NULL;
  }
}

size_t cc_ec_width(int curve) {
  switch (curve) {
    case CC_P256: return 32;
    case CC_P384: return 48;
    case CC_P521: return 66;
    default: return 0;
  }
}

int cc_ec_generate(int curve, cc_key **key) {
  *key = NULL;
  const char *name = cc_curve_name(curve);
  if (name == NULL) return CC_UNSUPPORTED;
  EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", name);
  return pkey == NULL ? cc_end(CC_FAILED) : cc_key_take(pkey, key);
}

// `scalar` NULL makes a public key.
static EVP_PKEY *from_parts(int curve, const uint8_t *point, size_t point_count, const BIGNUM *scalar) {
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  OSSL_PARAM *parameters = NULL;
  EVP_PKEY *pkey = NULL;
  int is_built = builder != NULL && context != NULL &&
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, cc_curve_name(curve), 0) == 1 &&
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_count) == 1 &&
    (scalar == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
  if (is_built) parameters = OSSL_PARAM_BLD_to_param(builder);
  if (parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
      EVP_PKEY_fromdata(context, &pkey, scalar == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, parameters) != 1)
    pkey = NULL;
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  EVP_PKEY_CTX_free(context);
  return pkey;
}

static size_t public_point(int curve, const BIGNUM *scalar, uint8_t *point) {
  EC_GROUP *group = EC_GROUP_new_by_curve_name(OBJ_sn2nid(cc_curve_name(curve)));
  EC_POINT *product = group == NULL ? NULL : EC_POINT_new(group);
  size_t count = 0;
  if (product != NULL && !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
      EC_POINT_mul(group, product, scalar, NULL, NULL, NULL) == 1)
    count = EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, POINT_MAX, NULL);
  EC_POINT_free(product);
  EC_GROUP_free(group);
  return count;
}

int cc_ec_from_scalar(int curve, const void *scalar, size_t count, cc_key **key) {
  *key = NULL;
  if (cc_curve_name(curve) == NULL) return CC_UNSUPPORTED;
  if (count != cc_ec_width(curve)) return CC_BAD_LENGTH;
  uint8_t point[POINT_MAX];
  BIGNUM *number = BN_secure_new();
  EVP_PKEY *pkey = NULL;
  if (number != NULL && BN_bin2bn(scalar, (int)count, number) != NULL) {
    BN_set_flags(number, BN_FLG_CONSTTIME);
    size_t point_count = public_point(curve, number, point);
    if (point_count > 0) pkey = from_parts(curve, point, point_count, number);
  }
  BN_clear_free(number);
  return cc_key_take(pkey, key);
}

// The curves, made once: to copy one costs a fifth of naming it to libcrypto.
static pthread_once_t made = PTHREAD_ONCE_INIT;
static EC_GROUP *group[CC_P521 + 1];

static void make_groups(void) {
  for (int curve = CC_P256; curve <= CC_P521; curve++)
    group[curve] = EC_GROUP_new_by_curve_name(OBJ_sn2nid(cc_curve_name(curve)));
}

// `point`: 04 and both coordinates. libcrypto refuses what does not lie on the curve.
static int from_point(int curve, const uint8_t *point, size_t count, cc_key **key) {
  pthread_once(&made, make_groups);
  cc_key *found = OPENSSL_zalloc(sizeof *found);
  EC_KEY *own = EC_KEY_new();
  int is_ready = found != NULL && own != NULL && group[curve] != NULL && EC_KEY_set_group(own, group[curve]) == 1;
  int code = is_ready ? CC_OK : CC_FAILED;
  if (code == CC_OK && EC_KEY_oct2key(own, point, count, NULL) != 1) code = CC_BAD_KEY;
  if (code == CC_OK) {
    found->point = own;
    found->kind = curve;
    *key = found;
  } else {
    EC_KEY_free(own);
    OPENSSL_free(found);
  }
  return cc_end(code);
}

EVP_PKEY *cc_ec_pkey_of_point(const cc_key *key) {
  uint8_t point[POINT_MAX];
  size_t count = EC_POINT_point2oct(
    EC_KEY_get0_group(key->point), EC_KEY_get0_public_key(key->point), POINT_CONVERSION_UNCOMPRESSED, point,
    sizeof point, NULL);
  return count == 0 ? NULL : from_parts(key->kind, point, count, NULL);
}

void cc_ec_free_point(EC_KEY *point) { EC_KEY_free(point); }

int cc_ec_from_coordinates(int curve, const void *x, size_t x_count, const void *y, size_t y_count, cc_key **key) {
  *key = NULL;
  size_t width = cc_ec_width(curve);
  if (width == 0) return CC_UNSUPPORTED;
  if (x_count != width || y_count != width) return CC_BAD_LENGTH;
  uint8_t point[POINT_MAX];
  point[0] = POINT_CONVERSION_UNCOMPRESSED;
  memcpy(point + 1, x, width);
  memcpy(point + 1 + width, y, width);
  return from_point(curve, point, 1 + 2 * width, key);
}

// What stands before the coordinates in the one DER form of a named curve's key. Spec: RFC 5480 §2.
static const struct {
  int curve;
  size_t count;
  const char *bytes;
} header[] = {
  {CC_P256, 27, "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"},
  {CC_P384, 24, "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04"},
  {CC_P521, 26, "\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00\x04"},
};

int cc_ec_from_spki(const uint8_t *der, size_t count, cc_key **key) {
  *key = NULL;
  for (size_t index = 0; index < sizeof header / sizeof *header; index++) {
    size_t point_count = 1 + 2 * cc_ec_width(header[index].curve), at = header[index].count - 1;
    if (count != at + point_count || memcmp(der, header[index].bytes, header[index].count) != 0) continue;
    return from_point(header[index].curve, der + at, point_count, key);
  }
  return CC_UNSUPPORTED;
}

int cc_ec_coordinates(const cc_key *key, void *x, void *y) {
  size_t width = cc_ec_width(cc_key_kind(key));
  if (width == 0) return CC_UNSUPPORTED;
  BIGNUM *left = NULL, *right = NULL;
  int is_done = EVP_PKEY_get_bn_param(cc_key_pkey(key), OSSL_PKEY_PARAM_EC_PUB_X, &left) == 1 &&
                EVP_PKEY_get_bn_param(cc_key_pkey(key), OSSL_PKEY_PARAM_EC_PUB_Y, &right) == 1 &&
                BN_bn2binpad(left, x, (int)width) == (int)width && BN_bn2binpad(right, y, (int)width) == (int)width;
  BN_free(left);
  BN_free(right);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

// Z: the X coordinate of the shared point at the full width of the field.
int cc_ec_agree(const cc_key *own, const cc_key *peer, void *shared, size_t count) {
  int curve = cc_key_kind(own);
  if (cc_ec_width(curve) == 0 || cc_key_kind(peer) != curve) return CC_BAD_KEY;
  if (count != cc_ec_width(curve)) return CC_BAD_LENGTH;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, cc_key_pkey(own), NULL);
  size_t written = count;
  int is_done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer_ex(context, cc_key_pkey(peer), 1) == 1 &&
                EVP_PKEY_derive(context, shared, &written) == 1 && written == count;
  EVP_PKEY_CTX_free(context);
  return cc_end(is_done ? CC_OK : CC_BAD_KEY);
}

static int raw_from_der(const uint8_t *der, size_t der_count, uint8_t *raw, size_t width) {
  ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_count);
  if (signature == NULL) return 0;
  int is_done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, (int)width) == (int)width &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + width, (int)width) == (int)width;
  ECDSA_SIG_free(signature);
  return is_done;
}

int cc_ecdsa_sign(const cc_key *key, int hash, const void *message, size_t count, void *raw, size_t raw_count) {
  size_t width = cc_ec_width(cc_key_kind(key));
  const EVP_MD *md = cc_md(hash);
  if (width == 0 || md == NULL) return CC_UNSUPPORTED;
  if (raw_count != 2 * width) return CC_BAD_LENGTH;
  uint8_t der[2 * WIDTH_MAX + 16];
  size_t der_count = sizeof der;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int is_done = context != NULL &&
                EVP_DigestSignInit_ex(context, NULL, EVP_MD_get0_name(md), NULL, NULL, cc_key_pkey(key), NULL) == 1 &&
                EVP_DigestSign(context, der, &der_count, message, count) == 1 &&
                raw_from_der(der, der_count, raw, width);
  EVP_MD_CTX_free(context);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

// Of a point this is ECDSA_do_verify, which is what libcrypto's provider calls behind the EVP functions.
static int verify_point(const EC_KEY *point, const ECDSA_SIG *signature, const uint8_t *digest, size_t count) {
  return ECDSA_do_verify(digest, (int)count, signature, (EC_KEY *)point) == 1;
}

static int verify_pkey(const cc_key *key, const void *der, size_t der_count, const uint8_t *digest, size_t count) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, cc_key_pkey(key), NULL);
  int is_ready = context != NULL && EVP_PKEY_verify_init(context) == 1;
  int is_good = is_ready && EVP_PKEY_verify(context, der, der_count, digest, count) == 1;
  EVP_PKEY_CTX_free(context);
  return is_good ? CC_OK : is_ready ? CC_REFUSED : CC_FAILED;
}

// One signature has one encoding: what differs from libcrypto's own DER is refused.
static ECDSA_SIG *signature_from_der(const uint8_t *der, size_t count) {
  const uint8_t *at = der;
  ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)count);
  uint8_t again[2 * WIDTH_MAX + 16], *end = again;
  int is_same = signature != NULL && count <= sizeof again && i2d_ECDSA_SIG(signature, NULL) == (int)count &&
                i2d_ECDSA_SIG(signature, &end) == (int)count && memcmp(again, der, count) == 0;
  if (is_same) return signature;
  ECDSA_SIG_free(signature);
  return NULL;
}

int cc_ecdsa_verify_der(
  const cc_key *key, int hash, const void *der, size_t der_count, const void *message, size_t count) {
  const EVP_MD *md = cc_md(hash);
  if (cc_ec_width(cc_key_kind(key)) == 0 || md == NULL) return CC_UNSUPPORTED;
  uint8_t digest[CC_HASH_MAX];
  if (EVP_Digest(message, count, digest, NULL, md, NULL) != 1) return cc_end(CC_FAILED);
  if (key->point == NULL) return cc_end(verify_pkey(key, der, der_count, digest, cc_hash_count(hash)));
  ECDSA_SIG *signature = signature_from_der(der, der_count);
  int is_good = signature != NULL && verify_point(key->point, signature, digest, cc_hash_count(hash));
  ECDSA_SIG_free(signature);
  return cc_end(is_good ? CC_OK : CC_REFUSED);
}

static ECDSA_SIG *signature_from_raw(const uint8_t *raw, size_t width) {
  ECDSA_SIG *signature = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(raw, (int)width, NULL), *s = BN_bin2bn(raw + width, (int)width, NULL);
  if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) return signature;
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(signature);
  return NULL;
}

int cc_ecdsa_verify_raw(
  const cc_key *key, int hash, const void *raw, size_t raw_count, const void *message, size_t count) {
  size_t width = cc_ec_width(cc_key_kind(key));
  const EVP_MD *md = cc_md(hash);
  if (width == 0 || md == NULL) return CC_UNSUPPORTED;
  if (raw_count != 2 * width) return CC_REFUSED;
  uint8_t digest[CC_HASH_MAX];
  ECDSA_SIG *signature = signature_from_raw(raw, width);
  if (signature == NULL || EVP_Digest(message, count, digest, NULL, md, NULL) != 1) {
    ECDSA_SIG_free(signature);
    return cc_end(CC_FAILED);
  }
  int code = CC_REFUSED;
  if (key->point != NULL) {
    if (verify_point(key->point, signature, digest, cc_hash_count(hash))) code = CC_OK;
  } else {
    unsigned char *der = NULL;
    int der_count = i2d_ECDSA_SIG(signature, &der);
    code = der_count > 0 ? verify_pkey(key, der, (size_t)der_count, digest, cc_hash_count(hash)) : CC_FAILED;
    OPENSSL_free(der);
  }
  ECDSA_SIG_free(signature);
  return cc_end(code);
}
