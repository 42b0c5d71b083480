#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "internal.h"

#define DER_MAX ((size_t)1 << 16)
#define RESPONDERS_MAX 4

struct cc_ocsp {
  OCSP_BASICRESP *basic;
  const OCSP_SINGLERESP *single;  // of basic
  cc_ocsp_state state;
};

static OCSP_BASICRESP *parse(const void *der, size_t count) {
  const unsigned char *at = der;
  OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)count);
  if (response == NULL) return NULL;
  unsigned char *again = NULL;
  int again_count = i2d_OCSP_RESPONSE(response, &again);
  int is_same = again_count > 0 && (size_t)again_count == count && memcmp(again, der, count) == 0;
  OPENSSL_free(again);
  OCSP_BASICRESP *basic = NULL;
  if (is_same && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
    basic = OCSP_response_get1_basic(response);
  OCSP_RESPONSE_free(response);
  return basic;
}

static int read_state(cc_ocsp *answer) {
  int reason = -1;
  ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
  // libcrypto's getters are not const.
  answer->state.status =
    OCSP_single_get0_status((OCSP_SINGLERESP *)answer->single, &reason, &revoked, &this_update, &next_update);
  answer->state.reason = reason;
  answer->state.has_next_update = next_update != NULL;
  const ASN1_GENERALIZEDTIME *produced = OCSP_resp_get0_produced_at(answer->basic);
  if (this_update == NULL || produced == NULL) return 0;
  if (cc_time_from_asn1(this_update, &answer->state.this_update) != CC_OK) return 0;
  if (cc_time_from_asn1(produced, &answer->state.produced_at) != CC_OK) return 0;
  return next_update == NULL || cc_time_from_asn1(next_update, &answer->state.next_update) == CC_OK;
}

int cc_ocsp_parse(const void *der, size_t count, cc_ocsp **answer) {
  *answer = NULL;
  if (count == 0 || count > DER_MAX) return CC_BAD_LENGTH;
  cc_ocsp *made = OPENSSL_zalloc(sizeof *made);
  if (made == NULL) return cc_end(CC_FAILED);
  made->basic = parse(der, count);
  int is_good = made->basic != NULL && OCSP_resp_count(made->basic) == 1;
  if (is_good) {
    made->single = OCSP_resp_get0(made->basic, 0);
    is_good = read_state(made);
  }
  if (!is_good) {
    cc_ocsp_free(made);
    return cc_end(CC_MALFORMED);
  }
  *answer = made;
  return cc_end(CC_OK);
}

void cc_ocsp_free(cc_ocsp *answer) {
  if (answer == NULL) return;
  OCSP_BASICRESP_free(answer->basic);
  OPENSSL_free(answer);
}

void cc_ocsp_read(const cc_ocsp *answer, cc_ocsp_state *state) { *state = answer->state; }

int cc_ocsp_serial(const cc_ocsp *answer, cc_bytes *magnitude) {
  ASN1_INTEGER *serial = NULL;
  OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(answer->single);
  if (OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) != 1) return cc_end(CC_MALFORMED);
  return cc_serial_bytes(serial, magnitude);
}

static int copy_octets(const ASN1_OCTET_STRING *value, cc_bytes *copy) {
  if (value == NULL) return cc_end(CC_MALFORMED);
  return cc_end(cc_bytes_copy(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), copy));
}

int cc_ocsp_name_hash(const cc_ocsp *answer, cc_bytes *hash) {
  ASN1_OCTET_STRING *name = NULL;
  OCSP_id_get0_info(&name, NULL, NULL, NULL, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(answer->single));
  return copy_octets(name, hash);
}

int cc_ocsp_key_hash(const cc_ocsp *answer, cc_bytes *hash) {
  ASN1_OCTET_STRING *key = NULL;
  OCSP_id_get0_info(NULL, NULL, &key, NULL, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(answer->single));
  return copy_octets(key, hash);
}

int cc_ocsp_nonce(const cc_ocsp *answer, cc_bytes *nonce) {
  int index = OCSP_BASICRESP_get_ext_by_NID(answer->basic, NID_id_pkix_OCSP_Nonce, -1);
  if (index < 0) return cc_end(CC_UNSUPPORTED);
  const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(answer->basic, index));
  return cc_end(cc_bytes_copy(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), nonce));
}

// Name, key and serial number under the answer's own hash.
int cc_ocsp_is_about(const cc_ocsp *answer, const cc_certificate *certificate, const cc_certificate *issuer) {
  const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(answer->single);
  ASN1_OBJECT *algorithm = NULL;
  if (OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id) != 1) return 0;
  const EVP_MD *md = EVP_get_digestbyobj(algorithm);
  if (md == NULL) return (void)cc_end(CC_OK), 0;
  OCSP_CERTID *expected = OCSP_cert_to_id(md, certificate->x509, issuer->x509);
  int is_same = expected != NULL && OCSP_id_cmp(expected, id) == 0;
  OCSP_CERTID_free(expected);
  ERR_clear_error();
  return is_same;
}

// Name and key under the answer's own hash, whatever the serial number.
int cc_ocsp_is_of(const cc_ocsp *answer, const cc_certificate *issuer) {
  const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(answer->single);
  ASN1_OBJECT *algorithm = NULL;
  if (OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id) != 1) return 0;
  const EVP_MD *md = EVP_get_digestbyobj(algorithm);
  if (md == NULL) return (void)cc_end(CC_OK), 0;
  OCSP_CERTID *expected = OCSP_cert_to_id(md, NULL, issuer->x509);
  int is_same = expected != NULL && OCSP_id_issuer_cmp(expected, id) == 0;
  OCSP_CERTID_free(expected);
  ERR_clear_error();
  return is_same;
}

// A responder of the issuer's own making: signed by it directly, for this purpose, and valid at the time.
static int is_delegate(X509 *responder, const cc_certificate *issuer, int64_t at, int64_t *first, int64_t *last) {
  if (X509_NAME_cmp(X509_get_issuer_name(responder), X509_get_subject_name(issuer->x509)) != 0) return 0;
  if (cc_time_from_asn1(X509_get0_notBefore(responder), first) != CC_OK) return 0;
  if (cc_time_from_asn1(X509_get0_notAfter(responder), last) != CC_OK) return 0;
  if (at < *first || at >= *last) return 0;
  X509_check_purpose(responder, -1, 0);
  if ((X509_get_extension_flags(responder) & EXFLAG_XKUSAGE) == 0) return 0;
  if ((X509_get_extended_key_usage(responder) & XKU_OCSP_SIGN) == 0) return 0;
  if (X509_check_ca(responder) != 0) return 0;
  return X509_verify(responder, X509_get0_pubkey(issuer->x509)) == 1;
}

// Whether this certificate is the one the answer names as its responder and made the signature.
static int has_signed(const cc_ocsp *answer, X509 *responder) {
  STACK_OF(X509) *only = sk_X509_new_null();
  int is_signed = only != NULL && sk_X509_push(only, responder) > 0 &&
                  OCSP_basic_verify(answer->basic, only, NULL, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;
  sk_X509_free(only);
  return is_signed;
}

static int is_ecdsa_sha2(const cc_ocsp *answer) {
  cc_signature_algorithm algorithm;
  cc_signature_algorithm_of(OCSP_resp_get0_tbs_sigalg(answer->basic), &algorithm);
  return algorithm.kind == CC_SIGNATURE_ECDSA && algorithm.hash != CC_SHA1 && algorithm.hash != 0;
}

int cc_ocsp_verify(const cc_ocsp *answer, const cc_certificate *issuer, int64_t at, int64_t *first, int64_t *last) {
  if (!is_ecdsa_sha2(answer)) return cc_end(CC_UNSUPPORTED);
  *first = INT64_MIN;
  *last = INT64_MAX;
  if (has_signed(answer, issuer->x509)) return cc_end(CC_OK);
  const STACK_OF(X509) *carried = OCSP_resp_get0_certs(answer->basic);
  int count = carried == NULL ? 0 : sk_X509_num(carried);
  for (int index = 0; index < count && index < RESPONDERS_MAX; index++) {
    X509 *responder = sk_X509_value(carried, index);
    if (is_delegate(responder, issuer, at, first, last) && has_signed(answer, responder)) return cc_end(CC_OK);
  }
  return cc_end(CC_REFUSED);
}
