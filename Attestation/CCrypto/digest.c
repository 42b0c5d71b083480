#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "internal.h"

// Fetched once: an implicit fetch costs more than hashing a short message.
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256, *sha384, *sha512;
static EVP_MAC *hmac;

static void fetch(void) {
  sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
  sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
  sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
  hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

const EVP_MD *cc_md(int hash) {
  pthread_once(&fetched, fetch);
  switch (hash) {
    case CC_SHA256: return sha256;
    case CC_SHA384: return sha384;
    case CC_SHA512: return sha512;
    default: return NULL;
  }
}

size_t cc_hash_count(int hash) {
  switch (hash) {
    case CC_SHA256: return 32;
    case CC_SHA384: return 48;
    case CC_SHA512: return 64;
    default: return 0;
  }
}

int cc_hash_of_nid(int nid) {
  switch (nid) {
    case NID_sha1: return CC_SHA1;
    case NID_sha256: return CC_SHA256;
    case NID_sha384: return CC_SHA384;
    case NID_sha512: return CC_SHA512;
    default: return 0;
  }
}

int cc_hash(int hash, const void *bytes, size_t count, void *out) {
  const EVP_MD *md = cc_md(hash);
  if (md == NULL) return CC_UNSUPPORTED;
  return cc_end(EVP_Digest(bytes, count, out, NULL, md, NULL) == 1 ? CC_OK : CC_FAILED);
}

int cc_hmac(int hash, const void *key, size_t key_count, const void *bytes, size_t count, void *out) {
  const EVP_MD *md = cc_md(hash);
  if (md == NULL || hmac == NULL) return CC_UNSUPPORTED;
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)EVP_MD_get0_name(md), 0),
    OSSL_PARAM_construct_end(),
  };
  size_t written = 0;
  int is_done = context != NULL && EVP_MAC_init(context, key, key_count, parameters) == 1 &&
                EVP_MAC_update(context, bytes, count) == 1 &&
                EVP_MAC_final(context, out, &written, cc_hash_count(hash)) == 1;
  EVP_MAC_CTX_free(context);
  return cc_end(is_done ? CC_OK : CC_FAILED);
}

struct cc_digest {
  EVP_MD_CTX *context;
};

static cc_digest *wrap(EVP_MD_CTX *context) {
  cc_digest *digest = OPENSSL_malloc(sizeof *digest);
  if (digest == NULL) {
    EVP_MD_CTX_free(context);
    return NULL;
  }
  digest->context = context;
  return digest;
}

cc_digest *cc_digest_new(int hash) {
  const EVP_MD *md = cc_md(hash);
  EVP_MD_CTX *context = md == NULL ? NULL : EVP_MD_CTX_new();
  if (context == NULL || EVP_DigestInit_ex2(context, md, NULL) != 1) {
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return NULL;
  }
  return wrap(context);
}

cc_digest *cc_digest_copy(const cc_digest *digest) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context == NULL || EVP_MD_CTX_copy_ex(context, digest->context) != 1) {
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return NULL;
  }
  return wrap(context);
}

int cc_digest_update(cc_digest *digest, const void *bytes, size_t count) {
  return cc_end(EVP_DigestUpdate(digest->context, bytes, count) == 1 ? CC_OK : CC_FAILED);
}

int cc_digest_finish(cc_digest *digest, void *out) {
  return cc_end(EVP_DigestFinal_ex(digest->context, out, NULL) == 1 ? CC_OK : CC_FAILED);
}

void cc_digest_free(cc_digest *digest) {
  if (digest == NULL) return;
  EVP_MD_CTX_free(digest->context);
  OPENSSL_free(digest);
}
