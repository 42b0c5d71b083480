// Small parts of X.509 that certificates and revocation lists share.
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "internal.h"

static int two_digits(const unsigned char *text) {
  if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

static int64_t days_from_civil(int64_t year, int month, int day) {
  if (month <= 2) year--;
  int64_t era = year / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in(int month, int year) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && is_leap ? 29 : days[month - 1];
}

// RFC 5280 §4.1.2.5: YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ; seconds given, no fraction, no offset.
int cc_time_from_text(const unsigned char *text, size_t count, int is_short, int64_t *seconds) {
  if (count != (is_short ? 13 : 15) || text[is_short ? 12 : 14] != 'Z') return CC_MALFORMED;
  int part[7];
  for (int index = 0; index < (is_short ? 6 : 7); index++) {
    part[index] = two_digits(text + 2 * index);
    if (part[index] < 0) return CC_MALFORMED;
  }
  int year = is_short ? part[0] + (part[0] < 50 ? 2000 : 1900) : part[0] * 100 + part[1];
  const int *rest = part + (is_short ? 1 : 2);
  if (rest[0] < 1 || rest[0] > 12 || rest[1] < 1 || rest[1] > days_in(rest[0], year)) return CC_MALFORMED;
  if (rest[2] > 23 || rest[3] > 59 || rest[4] > 59) return CC_MALFORMED;
  *seconds = days_from_civil(year, rest[0], rest[1]) * 86400 + rest[2] * 3600 + rest[3] * 60 + rest[4];
  return CC_OK;
}

int cc_time_from_asn1(const ASN1_TIME *time, int64_t *seconds) {
  int is_short = ASN1_STRING_type(time) == V_ASN1_UTCTIME, count = ASN1_STRING_length(time);
  if ((!is_short && ASN1_STRING_type(time) != V_ASN1_GENERALIZEDTIME) || count < 0) return CC_MALFORMED;
  return cc_time_from_text(ASN1_STRING_get0_data(time), (size_t)count, is_short, seconds);
}

static int hash_of(const X509_ALGOR *algorithm) {
  const ASN1_OBJECT *oid = NULL;
  if (algorithm == NULL) return CC_SHA1;  // RFC 4055 §3.1: the default of an absent field
  X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
  return cc_hash_of_nid(OBJ_obj2nid(oid));
}

static void read_pss(const X509_ALGOR *algorithm, cc_signature_algorithm *out) {
  int type = 0;
  const void *value = NULL;
  X509_ALGOR_get0(NULL, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return;
  const ASN1_STRING *sequence = value;
  const unsigned char *at = ASN1_STRING_get0_data(sequence);
  RSA_PSS_PARAMS *pss = d2i_RSA_PSS_PARAMS(NULL, &at, ASN1_STRING_length(sequence));
  if (pss == NULL) return;
  int trailer = pss->trailerField == NULL ? 1 : (int)ASN1_INTEGER_get(pss->trailerField);
  X509_ALGOR *inner = NULL;
  int has_mgf = 1;
  if (pss->maskGenAlgorithm != NULL) {
    const ASN1_OBJECT *oid = NULL;
    int mgf_type = 0;
    const void *mgf_value = NULL;
    X509_ALGOR_get0(&oid, &mgf_type, &mgf_value, pss->maskGenAlgorithm);
    has_mgf = OBJ_obj2nid(oid) == NID_mgf1 && mgf_type == V_ASN1_SEQUENCE;
    const unsigned char *inner_at = has_mgf ? ASN1_STRING_get0_data((const ASN1_STRING *)mgf_value) : NULL;
    if (has_mgf) inner = d2i_X509_ALGOR(NULL, &inner_at, ASN1_STRING_length((const ASN1_STRING *)mgf_value));
    has_mgf = has_mgf && inner != NULL;
  }
  int64_t salt = 20;
  int has_salt = pss->saltLength == NULL || ASN1_INTEGER_get_int64(&salt, pss->saltLength) == 1;
  if (has_mgf && has_salt && trailer == 1) {
    out->kind = CC_SIGNATURE_RSA_PSS;
    out->hash = hash_of(pss->hashAlgorithm);
    out->mgf_hash = hash_of(inner);
    out->salt = salt;
  }
  X509_ALGOR_free(inner);
  RSA_PSS_PARAMS_free(pss);
}

void cc_signature_algorithm_of(const X509_ALGOR *algorithm, cc_signature_algorithm *out) {
  memset(out, 0, sizeof *out);
  const ASN1_OBJECT *oid = NULL;
  X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
  int nid = OBJ_obj2nid(oid), hash_nid = 0, key_nid = 0;
  if (nid == NID_rsassaPss) {
    read_pss(algorithm, out);
  } else if (nid == NID_ED25519) {
    out->kind = CC_SIGNATURE_ED25519;
  } else if (OBJ_find_sigid_algs(nid, &hash_nid, &key_nid) == 1) {
    out->hash = cc_hash_of_nid(hash_nid);
    if (key_nid == NID_X9_62_id_ecPublicKey) out->kind = CC_SIGNATURE_ECDSA;
    if (key_nid == NID_rsaEncryption) out->kind = CC_SIGNATURE_RSA_PKCS1;
  }
  ERR_clear_error();
}

int cc_name_bytes(const X509_NAME *name, cc_bytes *out) {
  const unsigned char *data = NULL;
  size_t count = 0;
  if (X509_NAME_get0_der(name, &data, &count) != 1) return cc_end(CC_FAILED);
  return cc_bytes_copy(data, count, out);
}

int cc_serial_bytes(const ASN1_INTEGER *serial, cc_bytes *out) {
  BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
  if (number == NULL) return cc_end(CC_MALFORMED);
  int code = BN_is_negative(number) ? CC_MALFORMED : cc_bytes_from_number(number, out);
  BN_free(number);
  return cc_end(code);
}

static X509_NAME *parse_name(const void *der, size_t count) {
  if (count == 0 || count > 65536) return NULL;
  const unsigned char *at = der;
  X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)count);
  if (name != NULL && at == (const unsigned char *)der + count) return name;
  X509_NAME_free(name);
  return NULL;
}

// CC_UNSUPPORTED unless there is exactly one.
int cc_name_common_name(const void *der, size_t count, cc_bytes *utf8) {
  X509_NAME *name = parse_name(der, count);
  if (name == NULL) return cc_end(CC_MALFORMED);
  int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  int code = CC_UNSUPPORTED;
  if (first >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, first) < 0) {
    unsigned char *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, first)));
    if (length >= 0) {
      utf8->data = text;
      utf8->count = (size_t)length;
      code = CC_OK;
    }
  }
  X509_NAME_free(name);
  return cc_end(code);
}

int cc_name_text(const void *der, size_t count, cc_bytes *utf8) {
  X509_NAME *name = parse_name(der, count);
  BIO *bio = BIO_new(BIO_s_mem());
  int code = CC_MALFORMED;
  char *text = NULL;
  if (name != NULL && bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
    long length = BIO_get_mem_data(bio, &text);
    code = cc_bytes_copy(text, (size_t)length, utf8);
  }
  BIO_free(bio);
  X509_NAME_free(name);
  return cc_end(code);
}
