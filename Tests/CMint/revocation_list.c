#include "mint.h"

#include <openssl/x509v3.h>

static bool set_times(X509_CRL *made, const mint_revocation_list *wanted) {
  ASN1_TIME *this_update = ASN1_TIME_set(NULL, wanted->this_update);
  ASN1_TIME *next_update = wanted->next_update == 0 ? NULL : ASN1_TIME_set(NULL, wanted->next_update);
  bool done = this_update != NULL && X509_CRL_set1_lastUpdate(made, this_update) == 1;
  if (done && wanted->next_update != 0) done = next_update != NULL && X509_CRL_set1_nextUpdate(made, next_update) == 1;
  ASN1_TIME_free(this_update);
  ASN1_TIME_free(next_update);
  return done;
}

static bool add_number(X509_CRL *made, uint64_t number) {
  ASN1_INTEGER *value = ASN1_INTEGER_new();
  bool done = value != NULL && ASN1_INTEGER_set_uint64(value, number) == 1 &&
              X509_CRL_add1_ext_i2d(made, NID_crl_number, value, 0, 0) == 1;
  ASN1_INTEGER_free(value);
  return done;
}

static bool add_key_identifier(X509_CRL *made, EVP_PKEY *key) {
  X509 *issuer = mint_make_stand_in(key);
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, NULL, NULL, made, 0);
  X509_EXTENSION *extension =
      issuer == NULL ? NULL : X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
  bool done = extension != NULL && X509_CRL_add_ext(made, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  X509_free(issuer);
  return done;
}

static bool add_reason(X509_REVOKED *entry) {
  ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
  bool done = reason != NULL && ASN1_ENUMERATED_set(reason, CRL_REASON_KEY_COMPROMISE) == 1 &&
              X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
  ASN1_ENUMERATED_free(reason);
  return done;
}

static bool add_revoked(X509_CRL *made, uint64_t serial, int64_t when, bool has_reason) {
  X509_REVOKED *entry = X509_REVOKED_new();
  ASN1_INTEGER *value = ASN1_INTEGER_new();
  ASN1_TIME *time = ASN1_TIME_set(NULL, when);
  bool done = entry != NULL && value != NULL && time != NULL && ASN1_INTEGER_set_uint64(value, serial) == 1 &&
              X509_REVOKED_set_serialNumber(entry, value) == 1 && X509_REVOKED_set_revocationDate(entry, time) == 1 &&
              (!has_reason || add_reason(entry)) && X509_CRL_add0_revoked(made, entry) == 1;
  if (!done) X509_REVOKED_free(entry);
  ASN1_INTEGER_free(value);
  ASN1_TIME_free(time);
  return done;
}

static bool set_fields(X509_CRL *made, const mint_revocation_list *wanted, EVP_PKEY *key) {
  X509_NAME *issuer = mint_make_name(wanted->issuer);
  bool done = issuer != NULL && X509_CRL_set_version(made, X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(made, issuer) == 1 && set_times(made, wanted) &&
              add_number(made, wanted->number) && (!wanted->is_intel || add_key_identifier(made, key));
  for (size_t i = 0; done && i < wanted->revoked_count; i++)
    done = add_revoked(made, wanted->revoked[i], wanted->this_update, wanted->is_intel);
  X509_NAME_free(issuer);
  return done;
}

static bool sign(X509_CRL *made, EVP_PKEY *key, mint_signature signature) {
  EVP_MD_CTX *context = mint_signing_context(key, signature);
  bool done = context != NULL && X509_CRL_sign_ctx(made, context) > 0;
  EVP_MD_CTX_free(context);
  return done;
}

size_t mint_revocation_list_der(const mint_revocation_list *wanted, uint8_t *out, size_t capacity) {
  EVP_PKEY *key = mint_read_private_key(wanted->issuer_key);
  EVP_PKEY *forging_key = wanted->forging_key.count == 0 ? NULL : mint_read_private_key(wanted->forging_key);
  X509_CRL *made = X509_CRL_new();
  bool done = key != NULL && made != NULL && set_fields(made, wanted, key) && sign(made, forging_key == NULL ? key : forging_key, wanted->signature);
  int count = done ? i2d_X509_CRL(made, NULL) : 0;
  size_t written = 0;
  if (count > 0 && (size_t)count <= capacity) {
    i2d_X509_CRL(made, &out);
    written = (size_t)count;
  }
  X509_CRL_free(made);
  EVP_PKEY_free(key);
  EVP_PKEY_free(forging_key);
  return written;
}
