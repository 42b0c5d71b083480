#include <openssl/x509v3.h>

#include "internal.h"

#define DER_MAX ((size_t)1 << 24)

static X509_CRL *parse(const void *der, size_t count) {
  const unsigned char *at = der;
  X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)count);
  if (crl == NULL) return NULL;
  unsigned char *again = NULL;
  int again_count = i2d_X509_CRL(crl, &again);
  int is_same = again_count > 0 && (size_t)again_count == count && memcmp(again, der, count) == 0;
  OPENSSL_free(again);
  if (is_same) return crl;
  X509_CRL_free(crl);
  return NULL;
}

int cc_crl_parse(const void *der, size_t count, cc_crl **crl) {
  *crl = NULL;
  if (count == 0 || count > DER_MAX) return CC_BAD_LENGTH;
  cc_crl *made = OPENSSL_zalloc(sizeof *made);
  if (made == NULL) return cc_end(CC_FAILED);
  made->crl = parse(der, count);
  int is_good = made->crl != NULL &&
                cc_time_from_asn1(X509_CRL_get0_lastUpdate(made->crl), &made->this_update) == CC_OK;
  const ASN1_TIME *next = is_good ? X509_CRL_get0_nextUpdate(made->crl) : NULL;
  made->has_next_update = next != NULL;
  if (next != NULL) is_good = cc_time_from_asn1(next, &made->next_update) == CC_OK;
  if (!is_good) {
    cc_crl_free(made);
    return cc_end(CC_MALFORMED);
  }
  *crl = made;
  return cc_end(CC_OK);
}

void cc_crl_free(cc_crl *crl) {
  if (crl == NULL) return;
  X509_CRL_free(crl->crl);
  OPENSSL_free(crl);
}

int cc_crl_issuer(const cc_crl *crl, cc_bytes *name) { return cc_name_bytes(X509_CRL_get_issuer(crl->crl), name); }

int cc_crl_validity(const cc_crl *crl, int64_t *this_update, int64_t *next_update) {
  *this_update = crl->this_update;
  *next_update = crl->next_update;
  return crl->has_next_update;
}

int cc_crl_number(const cc_crl *crl, cc_bytes *magnitude) {
  ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl->crl, NID_crl_number, NULL, NULL);
  if (number == NULL) return cc_end(CC_UNSUPPORTED);
  int code = cc_serial_bytes(number, magnitude);
  ASN1_INTEGER_free(number);
  return code;
}

int cc_crl_revoked_count(const cc_crl *crl) {
  STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl->crl);
  return revoked == NULL ? 0 : sk_X509_REVOKED_num(revoked);
}

int cc_crl_revoked_serial(const cc_crl *crl, int index, cc_bytes *magnitude) {
  const X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl->crl), index);
  if (entry == NULL) return CC_BAD_LENGTH;
  return cc_serial_bytes(X509_REVOKED_get0_serialNumber(entry), magnitude);
}

void cc_crl_signature_algorithm(const cc_crl *crl, cc_signature_algorithm *algorithm) {
  const X509_ALGOR *inner = NULL;
  X509_CRL_get0_signature(crl->crl, NULL, &inner);
  cc_signature_algorithm_of(inner, algorithm);
}
