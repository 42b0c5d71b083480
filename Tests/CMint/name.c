#include "mint.h"

#include <openssl/rsa.h>

static bool add_entry(X509_NAME *name, const char *field, const char *text) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_amd(X509_NAME *made, mint_name name) {
  return add_entry(made, "OU", "Engineering") && add_entry(made, "C", "US") && add_entry(made, "L", "Santa Clara") &&
         add_entry(made, "ST", "CA") && add_entry(made, "O", name.organization) &&
         add_entry(made, "CN", name.common_name);
}

static bool add_intel(X509_NAME *made, mint_name name) {
  return add_entry(made, "CN", name.common_name) && add_entry(made, "O", name.organization) &&
         add_entry(made, "L", "Santa Clara") && add_entry(made, "ST", "CA") && add_entry(made, "C", "US");
}

static bool add_nvidia(X509_NAME *made, mint_name name) {
  if (name.serial_number == NULL) return add_entry(made, "CN", name.common_name) && add_entry(made, "O", name.organization);
  return add_entry(made, "serialNumber", name.serial_number) && add_entry(made, "C", "US") &&
         add_entry(made, "O", name.organization) && add_entry(made, "CN", name.common_name);
}

static bool add_parts(X509_NAME *made, mint_name name) {
  switch (name.layout) {
    case MINT_NAME_AMD: return add_amd(made, name);
    case MINT_NAME_INTEL: return add_intel(made, name);
    case MINT_NAME_NVIDIA: return add_nvidia(made, name);
  }
  return false;
}

X509_NAME *mint_make_name(mint_name name) {
  X509_NAME *made = X509_NAME_new();
  if (made != NULL && add_parts(made, name)) return made;
  X509_NAME_free(made);
  return NULL;
}

size_t mint_name_der(mint_name name, uint8_t *out, size_t capacity) {
  X509_NAME *made = mint_make_name(name);
  int count = made == NULL ? 0 : i2d_X509_NAME(made, NULL);
  size_t written = 0;
  if (count > 0 && (size_t)count <= capacity) {
    i2d_X509_NAME(made, &out);
    written = (size_t)count;
  }
  X509_NAME_free(made);
  return written;
}

static bool set_pss(EVP_PKEY_CTX *context, int salt, const EVP_MD *mask) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask) == 1;
}

static const EVP_MD *digest_of(mint_signature signature) {
  return signature == MINT_PSS_SHA256 || signature == MINT_ECDSA_SHA256 ? EVP_sha256() : EVP_sha384();
}

static bool configure(EVP_PKEY_CTX *context, mint_signature signature) {
  switch (signature) {
    case MINT_PSS_SHA384: return set_pss(context, 48, EVP_sha384());
    case MINT_PSS_SHA384_SALT_32: return set_pss(context, 32, EVP_sha384());
    case MINT_PSS_SHA256: return set_pss(context, 32, EVP_sha256());
    case MINT_PSS_SHA384_MGF1_SHA256: return set_pss(context, 48, EVP_sha256());
    case MINT_PKCS1_SHA384: return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    case MINT_ECDSA_SHA256:
    case MINT_ECDSA_SHA384: return true;
  }
  return false;
}

EVP_MD_CTX *mint_signing_context(EVP_PKEY *key, mint_signature signature) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *parameters = NULL;
  if (context != NULL && EVP_DigestSignInit(context, &parameters, digest_of(signature), NULL, key) == 1 &&
      configure(parameters, signature))
    return context;
  EVP_MD_CTX_free(context);
  return NULL;
}
