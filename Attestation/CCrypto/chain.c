#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "internal.h"

#define SECURITY_LEVEL 2  // 112 bits: RSA 2048, no SHA-1
#define DEPTH 8

typedef struct {
  const cc_chain_request *request;
  cc_chain_result *result;
  X509_STORE_CTX_check_crl_fn check_crl;  // libcrypto's own
} state;

static state *state_of(X509_STORE_CTX *context) { return X509_STORE_CTX_get_app_data(context); }

static int is_anchor(const X509_STORE_CTX *context, const X509 *certificate) {
  const state *now = X509_STORE_CTX_get_ex_data(context, 0);
  return certificate == now->request->anchor->x509;
}

static int has_list_of(const cc_chain_request *request, const X509 *certificate) {
  const X509_NAME *issuer = X509_get_issuer_name(certificate);
  for (size_t index = 0; index < request->crl_count; index++)
    if (X509_NAME_cmp(X509_CRL_get_issuer(request->crls[index]->crl), issuer) == 0) return 1;
  return 0;
}

// Forgives two things and nothing else: what only our own made anchor lacks, and, where revocation lists are enforced
// when present, a certificate for whose issuer none was given.
static int on_verify(int is_good, X509_STORE_CTX *context) {
  if (is_good) return 1;
  const state *now = state_of(context);
  const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
  int error = X509_STORE_CTX_get_error(context);
  int is_forgiven = 0;
  if (certificate != NULL && is_anchor(context, certificate))
    is_forgiven = error == X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER || error == X509_V_ERR_UNABLE_TO_GET_CRL;
  else if (certificate != NULL && error == X509_V_ERR_UNABLE_TO_GET_CRL)
    is_forgiven = now->request->revocation == CC_REVOCATION_WHEN_PRESENT && !has_list_of(now->request, certificate);
  if (is_forgiven) X509_STORE_CTX_set_error(context, X509_V_OK);
  return is_forgiven;
}

// The anchor is a name and a key: an authority key identifier that speaks of its serial or key id has nothing to match,
// and a wrong key shows in the signature.
static int on_check_issued(X509_STORE_CTX *context, X509 *certificate, X509 *issuer) {
  if (is_anchor(context, issuer))
    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(certificate)) == 0;
  return X509_check_issued(issuer, certificate) == X509_V_OK;
}

static int on_check_crl(X509_STORE_CTX *context, X509_CRL *crl) {
  state *now = state_of(context);
  int is_good = now->check_crl(context, crl);
  cc_chain_result *result = now->result;
  for (size_t index = 0; is_good && index < now->request->crl_count; index++) {
    if (now->request->crls[index]->crl != crl) continue;
    int is_known = result->crl_count >= CC_CHAIN_MAX;
    for (size_t known = 0; known < result->crl_count; known++) is_known |= result->crls[known] == (int)index;
    if (!is_known) result->crls[result->crl_count++] = (int)index;
  }
  return is_good;
}

static int has_duplicate_extension(const X509 *certificate) {
  int count = X509_get_ext_count(certificate);
  for (int index = 0; index < count; index++) {
    const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(certificate, index));
    if (X509_get_ext_by_OBJ(certificate, oid, index) >= 0) return 1;
  }
  return 0;
}

static int translate(int error) {
  switch (error) {
    case X509_V_OK: return CC_CHAIN_OK;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY:
    case X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM: return CC_CHAIN_BAD_SIGNATURE;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CC_CHAIN_NOT_YET_VALID;
    case X509_V_ERR_CERT_HAS_EXPIRED: return CC_CHAIN_EXPIRED;
    case X509_V_ERR_CERT_REVOKED: return CC_CHAIN_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE: return CC_CHAIN_CRL_MISSING;
    case X509_V_ERR_CRL_HAS_EXPIRED: return CC_CHAIN_CRL_EXPIRED;
    case X509_V_ERR_CRL_NOT_YET_VALID: return CC_CHAIN_CRL_NOT_YET_VALID;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN: return CC_CHAIN_CRL_BAD_SIGNATURE;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return CC_CHAIN_WRONG_LENGTH;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return CC_CHAIN_WEAK;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION: return CC_CHAIN_UNTRUSTED;
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_INVALID_CALL:
    case X509_V_ERR_STORE_LOOKUP: return CC_CHAIN_OTHER;
    default: return CC_CHAIN_MALFORMED;  // extensions and dates that RFC 5280 does not permit
  }
}

static int set_parameters(X509_STORE_CTX *context, const cc_chain_request *request) {
  X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
  // CRL_CHECK_ALL alone checks nothing: both or neither. PARTIAL_CHAIN and NO_CHECK_TIME are never set.
  unsigned long flags = X509_V_FLAG_TRUSTED_FIRST;
  if (request->is_strict) flags |= X509_V_FLAG_X509_STRICT;
  if (request->crl_count > 0 || request->revocation == CC_REVOCATION_REQUIRED)
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_VERIFY_PARAM_set_time(parameters, (time_t)request->at);
  X509_VERIFY_PARAM_set_depth(parameters, DEPTH);
  X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
  return X509_VERIFY_PARAM_set_flags(parameters, flags) == 1;
}

static void read_path(X509_STORE_CTX *context, const cc_chain_request *request, cc_chain_result *result) {
  STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
  int count = chain == NULL ? 0 : sk_X509_num(chain);
  if (count < 2 || count - 1 > CC_CHAIN_MAX || !is_anchor(context, sk_X509_value(chain, count - 1))) {
    result->error = CC_CHAIN_UNTRUSTED;
    return;
  }
  result->count = (size_t)count - 1;
  for (int depth = 0; depth < count - 1; depth++) {
    const X509 *certificate = sk_X509_value(chain, depth);
    if (has_duplicate_extension(certificate)) {
      result->error = CC_CHAIN_MALFORMED;
      result->depth = depth;
      return;
    }
    result->path[depth] = -1;
    for (size_t index = 0; depth > 0 && index < request->intermediate_count; index++)
      if (request->intermediates[index]->x509 == certificate) result->path[depth] = (int)index;
  }
}

static void run(
  X509_STORE *store, STACK_OF(X509) *untrusted, STACK_OF(X509_CRL) *crls, const cc_chain_request *request,
  cc_chain_result *result) {
  X509_STORE_CTX *context = X509_STORE_CTX_new();
  state now = {request, result, NULL};
  if (context == NULL || X509_STORE_CTX_init(context, NULL, NULL, NULL) != 1) goto done;
  now.check_crl = X509_STORE_CTX_get_check_crl(context);
  X509_STORE_CTX_cleanup(context);
  if (X509_STORE_CTX_init(context, store, request->leaf->x509, untrusted) != 1) goto done;
  X509_STORE_CTX_set_app_data(context, &now);
  X509_STORE_CTX_set0_crls(context, crls);
  if (!set_parameters(context, request)) goto done;
  int is_verified = X509_verify_cert(context) == 1;
  result->library_error = X509_STORE_CTX_get_error(context);
  result->depth = X509_STORE_CTX_get_error_depth(context);
  result->error = translate(result->library_error);
  if (is_verified && result->error == CC_CHAIN_OK) {
    result->depth = 0;
    read_path(context, request, result);
  } else if (!is_verified && result->error == CC_CHAIN_OK) {
    result->error = CC_CHAIN_OTHER;
  }
done:
  X509_STORE_CTX_free(context);
}

void cc_chain_verify(const cc_chain_request *request, cc_chain_result *result) {
  memset(result, 0, sizeof *result);
  result->error = CC_CHAIN_OTHER;
  if (cc_certificate_is_authority(request->leaf)) {
    result->error = CC_CHAIN_LEAF_IS_AUTHORITY;
    return;
  }
  X509_STORE *store = X509_STORE_new();
  STACK_OF(X509) *untrusted = sk_X509_new_null();
  STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
  int is_ready = store != NULL && untrusted != NULL && crls != NULL &&
                 X509_STORE_add_cert(store, request->anchor->x509) == 1;
  for (size_t index = 0; is_ready && index < request->intermediate_count; index++)
    is_ready = sk_X509_push(untrusted, request->intermediates[index]->x509) > 0;
  for (size_t index = 0; is_ready && index < request->crl_count; index++)
    is_ready = sk_X509_CRL_push(crls, request->crls[index]->crl) > 0;
  if (is_ready) {
    X509_STORE_set_verify_cb(store, on_verify);
    X509_STORE_set_check_issued(store, on_check_issued);
    X509_STORE_set_check_crl(store, on_check_crl);
    run(store, untrusted, crls, request, result);
  }
  sk_X509_CRL_free(crls);
  sk_X509_free(untrusted);
  X509_STORE_free(store);
  ERR_clear_error();
}
