#include <openssl/x509v3.h>

#include "internal.h"

#define DER_MAX ((size_t)1 << 20)

static X509 *parse(const void *der, size_t count) {
  const unsigned char *at = der;
  X509 *x509 = d2i_X509(NULL, &at, (long)count);
  if (x509 == NULL) return NULL;
  unsigned char *again = NULL;
  int again_count = i2d_X509(x509, &again);
  // Trailing bytes and encodings libcrypto tolerates but would not write are refused.
  int is_same = again_count > 0 && (size_t)again_count == count && memcmp(again, der, count) == 0;
  OPENSSL_free(again);
  if (is_same) return x509;
  X509_free(x509);
  return NULL;
}

int cc_certificate_parse(const void *der, size_t count, cc_certificate **certificate) {
  *certificate = NULL;
  if (count == 0 || count > DER_MAX) return CC_BAD_LENGTH;
  cc_certificate *made = OPENSSL_zalloc(sizeof *made);
  if (made == NULL) return cc_end(CC_FAILED);
  made->x509 = parse(der, count);
  cc_bytes serial = {NULL, 0};
  int is_good = made->x509 != NULL &&
                cc_time_from_asn1(X509_get0_notBefore(made->x509), &made->not_before) == CC_OK &&
                cc_time_from_asn1(X509_get0_notAfter(made->x509), &made->not_after) == CC_OK &&
                cc_serial_bytes(X509_get0_serialNumber(made->x509), &serial) == CC_OK;
  cc_bytes_free(&serial);
  if (!is_good) {
    cc_certificate_free(made);
    return cc_end(CC_MALFORMED);
  }
  // Fills libcrypto's cache of extensions now, so that later readers on other threads only read.
  X509_check_purpose(made->x509, -1, 0);
  X509_get0_pubkey(made->x509);
  *certificate = made;
  return cc_end(CC_OK);
}

void cc_certificate_free(cc_certificate *certificate) {
  if (certificate == NULL) return;
  X509_free(certificate->x509);
  OPENSSL_free(certificate);
}

int cc_certificate_subject(const cc_certificate *certificate, cc_bytes *name) {
  return cc_name_bytes(X509_get_subject_name(certificate->x509), name);
}

int cc_certificate_issuer(const cc_certificate *certificate, cc_bytes *name) {
  return cc_name_bytes(X509_get_issuer_name(certificate->x509), name);
}

int cc_certificate_serial(const cc_certificate *certificate, cc_bytes *magnitude) {
  return cc_serial_bytes(X509_get0_serialNumber(certificate->x509), magnitude);
}

void cc_certificate_validity(const cc_certificate *certificate, int64_t *not_before, int64_t *not_after) {
  *not_before = certificate->not_before;
  *not_after = certificate->not_after;
}

int cc_certificate_spki(const cc_certificate *certificate, cc_bytes *der) {
  unsigned char *data = NULL;
  int count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &data);
  if (count <= 0) return cc_end(CC_FAILED);
  der->data = data;
  der->count = (size_t)count;
  return cc_end(CC_OK);
}

// Anything libcrypto would let issue counts: basicConstraints, a version 1 root, keyCertSign alone.
int cc_certificate_is_authority(const cc_certificate *certificate) { return X509_check_ca(certificate->x509) != 0; }

int cc_certificate_version(const cc_certificate *certificate) {
  return (int)X509_get_version(certificate->x509) + 1;
}

void cc_certificate_signature_algorithm(const cc_certificate *certificate, cc_signature_algorithm *algorithm) {
  const X509_ALGOR *inner = NULL;
  X509_get0_signature(NULL, &inner, certificate->x509);
  cc_signature_algorithm_of(inner, algorithm);
}

int cc_certificate_extension(
  const cc_certificate *certificate, const char *oid, size_t index, int *is_critical, const uint8_t **value,
  size_t *count) {
  ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
  if (wanted == NULL) return cc_end(CC_MALFORMED);
  int at = -1;
  for (size_t seen = 0; seen <= index; seen++) {
    at = X509_get_ext_by_OBJ(certificate->x509, wanted, at);
    if (at < 0) break;
  }
  ASN1_OBJECT_free(wanted);
  if (at < 0) return cc_end(CC_UNSUPPORTED);
  X509_EXTENSION *extension = X509_get_ext(certificate->x509, at);
  const ASN1_OCTET_STRING *content = X509_EXTENSION_get_data(extension);
  *is_critical = X509_EXTENSION_get_critical(extension);
  *value = ASN1_STRING_get0_data(content);
  *count = (size_t)ASN1_STRING_length(content);
  return cc_end(CC_OK);
}
