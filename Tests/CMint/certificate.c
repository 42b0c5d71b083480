#include "mint.h"

#include <openssl/x509v3.h>
#include <stdio.h>

static bool add_text(X509 *certificate, X509 *issuer, int nid, const char *text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, text);
  bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return done;
}

static bool add_raw(X509 *certificate, const mint_extension *wanted) {
  ASN1_OBJECT *oid = OBJ_txt2obj(wanted->oid, 1);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
  X509_EXTENSION *extension = NULL;
  bool done = oid != NULL && value != NULL &&
              ASN1_OCTET_STRING_set(value, wanted->value.bytes, (int)wanted->value.count) == 1;
  if (done) extension = X509_EXTENSION_create_by_OBJ(NULL, oid, wanted->critical, value);
  done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
  return done;
}

X509 *mint_make_stand_in(EVP_PKEY *key) {
  X509 *issuer = X509_new();
  bool done = issuer != NULL && X509_set_pubkey(issuer, key) == 1 && add_text(issuer, issuer, NID_subject_key_identifier, "hash");
  if (done) return issuer;
  X509_free(issuer);
  return NULL;
}

static bool add_constraints(X509 *made, const mint_certificate *wanted) {
  char constraints[64] = "critical,CA:FALSE";
  if (wanted->is_authority && wanted->path_length >= 0)
    snprintf(constraints, sizeof constraints, "critical,CA:TRUE,pathlen:%d", wanted->path_length);
  else if (wanted->is_authority)
    snprintf(constraints, sizeof constraints, "critical,CA:TRUE");
  return add_text(made, made, NID_basic_constraints, constraints);
}

static bool add_plain(X509 *made, const mint_certificate *wanted, X509 *issuer) {
  return add_text(made, issuer, NID_subject_key_identifier, "hash") &&
         add_text(made, issuer, NID_authority_key_identifier, "keyid:always") && add_constraints(made, wanted) &&
         add_text(made, issuer, NID_key_usage,
                  wanted->is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
}

static bool add_distribution_point(X509 *made, const char *address) {
  if (address == NULL) return true;
  char text[256];
  int count = snprintf(text, sizeof text, "URI:%s", address);
  return count > 0 && (size_t)count < sizeof text && add_text(made, made, NID_crl_distribution_points, text);
}

static bool add_intel(X509 *made, const mint_certificate *wanted, X509 *issuer) {
  const char *usage =
      wanted->is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,nonRepudiation";
  return add_text(made, issuer, NID_authority_key_identifier, "keyid:always") &&
         add_distribution_point(made, wanted->distribution_point) &&
         add_text(made, issuer, NID_subject_key_identifier, "hash") && add_text(made, issuer, NID_key_usage, usage) &&
         add_constraints(made, wanted);
}

static bool add_profile(X509 *made, const mint_certificate *wanted, EVP_PKEY *issuer_key) {
  if (wanted->profile == MINT_PROFILE_BARE) return true;
  X509 *issuer = mint_make_stand_in(issuer_key);
  bool done = issuer != NULL && (wanted->profile == MINT_PROFILE_INTEL ? add_intel(made, wanted, issuer)
                                                                       : add_plain(made, wanted, issuer));
  X509_free(issuer);
  return done;
}

static bool set_names(X509 *made, const mint_certificate *wanted) {
  X509_NAME *subject = mint_make_name(wanted->subject);
  X509_NAME *issuer = mint_make_name(wanted->issuer);
  bool done = subject != NULL && issuer != NULL && X509_set_subject_name(made, subject) == 1 &&
              X509_set_issuer_name(made, issuer) == 1;
  X509_NAME_free(subject);
  X509_NAME_free(issuer);
  return done;
}

static bool set_fields(X509 *made, const mint_certificate *wanted) {
  const uint8_t *at = wanted->subject_key.bytes;
  EVP_PKEY *subject_key = d2i_PUBKEY(NULL, &at, (long)wanted->subject_key.count);
  bool done = subject_key != NULL && X509_set_version(made, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), wanted->serial) == 1 && set_names(made, wanted) &&
              ASN1_TIME_set(X509_getm_notBefore(made), wanted->not_before) != NULL &&
              ASN1_TIME_set(X509_getm_notAfter(made), wanted->not_after) != NULL &&
              X509_set_pubkey(made, subject_key) == 1;
  EVP_PKEY_free(subject_key);
  return done;
}

static bool sign(X509 *made, EVP_PKEY *key, mint_signature signature) {
  EVP_MD_CTX *context = mint_signing_context(key, signature);
  bool done = context != NULL && X509_sign_ctx(made, context) > 0;
  EVP_MD_CTX_free(context);
  return done;
}

size_t mint_certificate_der(const mint_certificate *wanted, uint8_t *out, size_t capacity) {
  EVP_PKEY *issuer_key = mint_read_private_key(wanted->issuer_key);
  EVP_PKEY *forging_key = wanted->forging_key.count == 0 ? NULL : mint_read_private_key(wanted->forging_key);
  X509 *made = X509_new();
  bool done = issuer_key != NULL && made != NULL && set_fields(made, wanted) && add_profile(made, wanted, issuer_key);
  for (size_t i = 0; done && i < wanted->extension_count; i++) done = add_raw(made, &wanted->extensions[i]);
  done = done && sign(made, forging_key == NULL ? issuer_key : forging_key, wanted->signature);
  int count = done ? i2d_X509(made, NULL) : 0;
  size_t written = 0;
  if (count > 0 && (size_t)count <= capacity) {
    i2d_X509(made, &out);
    written = (size_t)count;
  }
  X509_free(made);
  EVP_PKEY_free(issuer_key);
  EVP_PKEY_free(forging_key);
  return written;
}
