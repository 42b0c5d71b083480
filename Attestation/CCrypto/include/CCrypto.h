// The door to libcrypto: plain functions over caller-owned bytes. No policy, no file, no network, no clock.
//
// Every function that can fail returns one of the CC_ codes and leaves libcrypto's error queue empty. Objects are
// opaque, made by one function and given back to the matching `_free`, which accepts NULL. A `cc_bytes` filled by a
// function belongs to the caller, who gives it to `cc_bytes_free`, which erases it. No function keeps a caller's
// pointer after it returns.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CC_OK 0
#define CC_FAILED 1       // libcrypto itself failed: no memory, algorithm not available
#define CC_REFUSED 2      // a tag or signature does not verify
#define CC_BAD_KEY 3      // not a key, or one outside the permitted range
#define CC_BAD_LENGTH 4   // an input has a length the algorithm does not take
#define CC_MALFORMED 5    // not DER, or not the structure it should be
#define CC_UNSUPPORTED 6  // well-formed, but of a kind this door does not serve

typedef struct {
  uint8_t *data;
  size_t count;
} cc_bytes;
void cc_bytes_free(cc_bytes *bytes);

// secret.c — pages with a guard on each side, locked, not dumped, empty in a child process.
void *cc_secret_allocate(size_t count, int *is_locked);
void cc_secret_free(void *secret, size_t count);
void cc_cleanse(void *bytes, size_t count);
int cc_equal(const void *a, const void *b, size_t count);
int cc_random(void *out, size_t count);
int cc_random_private(void *out, size_t count);

// digest.c
#define CC_SHA256 1
#define CC_SHA384 2
#define CC_SHA512 3
#define CC_SHA1 4  // only ever reported by certificate.c; no function takes it

typedef struct cc_digest cc_digest;
int cc_hash(int hash, const void *bytes, size_t count, void *out);
int cc_hmac(int hash, const void *key, size_t key_count, const void *bytes, size_t count, void *out);
cc_digest *cc_digest_new(int hash);
cc_digest *cc_digest_copy(const cc_digest *digest);
int cc_digest_update(cc_digest *digest, const void *bytes, size_t count);
int cc_digest_finish(cc_digest *digest, void *out);
void cc_digest_free(cc_digest *digest);

// kdf.c — RFC 5869 with any of the three hashes; at most 255 blocks.
int cc_hkdf(
  int hash, const void *input, size_t input_count, const void *salt, size_t salt_count, const void *info,
  size_t info_count, void *out, size_t out_count);

// aead.c — AES-256-GCM with a 12-byte nonce and a 16-byte tag behind the ciphertext; AES-256 key wrap (RFC 3394).
int cc_gcm_seal(
  const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count,
  const void *plaintext, size_t count, void *sealed);
int cc_gcm_open(
  const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count,
  const void *sealed, size_t sealed_count, void *plaintext);
int cc_key_wrap(const void *key, size_t key_count, const void *plaintext, size_t count, void *wrapped);
int cc_key_unwrap(const void *key, size_t key_count, const void *wrapped, size_t wrapped_count, void *plaintext);

// segments.c — one key, many nonces; one thread at a time.
typedef struct cc_segments cc_segments;
cc_segments *cc_segments_new(const void *key, size_t key_count);
int cc_segments_seal(
  cc_segments *segments, const void *nonce, size_t nonce_count, const void *plaintext, size_t count, void *sealed);
int cc_segments_open(
  cc_segments *segments, const void *nonce, size_t nonce_count, const void *sealed, size_t sealed_count,
  void *plaintext);
void cc_segments_free(cc_segments *segments);

// passage.c — one message in many pieces; what is opened is not authentic before cc_passage_verify is CC_OK.
typedef struct cc_passage cc_passage;
cc_passage *cc_passage_new(
  const void *key, size_t key_count, const void *nonce, size_t nonce_count, const void *aad, size_t aad_count);
int cc_passage_open(cc_passage *passage, const void *sealed, size_t count, void *plaintext);
// `tag` has CC_TAG bytes.
int cc_passage_verify(cc_passage *passage, const void *tag);
void cc_passage_free(cc_passage *passage);

// key.c, ec.c, ed25519.c, rsa.c — asymmetric keys.
#define CC_P256 1
#define CC_P384 2
#define CC_P521 3
#define CC_RSA 4
#define CC_ED25519 5

typedef struct cc_key cc_key;
void cc_key_free(cc_key *key);
int cc_key_kind(const cc_key *key);
int cc_key_bits(const cc_key *key);
int cc_key_from_spki(const void *der, size_t count, cc_key **key);
int cc_key_spki(const cc_key *key, cc_bytes *der);
int cc_key_from_pkcs8(const void *der, size_t count, cc_key **key);
int cc_key_pkcs8(const cc_key *key, cc_bytes *der);

int cc_ec_generate(int curve, cc_key **key);
int cc_ec_from_scalar(int curve, const void *scalar, size_t count, cc_key **key);
int cc_ec_from_coordinates(int curve, const void *x, size_t x_count, const void *y, size_t y_count, cc_key **key);
size_t cc_ec_width(int curve);
int cc_ec_coordinates(const cc_key *key, void *x, void *y);
int cc_ec_agree(const cc_key *own, const cc_key *peer, void *shared, size_t count);
int cc_ecdsa_sign(const cc_key *key, int hash, const void *message, size_t count, void *raw, size_t raw_count);
int cc_ecdsa_verify_raw(
  const cc_key *key, int hash, const void *raw, size_t raw_count, const void *message, size_t count);
int cc_ecdsa_verify_der(
  const cc_key *key, int hash, const void *der, size_t der_count, const void *message, size_t count);

int cc_ed25519_public(const void *seed, void *public_key);
int cc_ed25519_sign(const void *seed, const void *message, size_t count, void *signature);
int cc_ed25519_verify(
  const void *public_key, const void *signature, size_t signature_count, const void *message, size_t count);

int cc_rsa_generate(int bits, cc_key **key);
int cc_rsa_from_numbers(const void *n, size_t n_count, const void *e, size_t e_count, cc_key **key);
int cc_rsa_numbers(const cc_key *key, cc_bytes *n, cc_bytes *e);
int cc_rsa_verify_pss(
  const cc_key *key, int hash, int salt_count, const void *signature, size_t signature_count, const void *message,
  size_t count);
int cc_rsa_verify_pkcs1(
  const cc_key *key, int hash, const void *signature, size_t signature_count, const void *message, size_t count);
int cc_rsa_oaep_encrypt(const cc_key *key, const void *plaintext, size_t count, cc_bytes *ciphertext);
int cc_rsa_oaep_decrypt(
  const cc_key *key, const void *ciphertext, size_t ciphertext_count, void *plaintext, size_t capacity, size_t *count);

// certificate.c, crl.c — parsed and unverified. Pointers handed out live as long as the object.
#define CC_SIGNATURE_OTHER 0
#define CC_SIGNATURE_ECDSA 1
#define CC_SIGNATURE_RSA_PKCS1 2
#define CC_SIGNATURE_RSA_PSS 3
#define CC_SIGNATURE_ED25519 4

typedef struct {
  int kind;       // CC_SIGNATURE_
  int hash;       // CC_SHA, 0 when it is none of them
  int mgf_hash;   // PSS only
  int64_t salt;   // PSS only
} cc_signature_algorithm;

typedef struct cc_certificate cc_certificate;
int cc_certificate_parse(const void *der, size_t count, cc_certificate **certificate);
void cc_certificate_free(cc_certificate *certificate);
int cc_certificate_subject(const cc_certificate *certificate, cc_bytes *name);
int cc_certificate_issuer(const cc_certificate *certificate, cc_bytes *name);
int cc_certificate_serial(const cc_certificate *certificate, cc_bytes *magnitude);
void cc_certificate_validity(const cc_certificate *certificate, int64_t *not_before, int64_t *not_after);
int cc_certificate_spki(const cc_certificate *certificate, cc_bytes *der);
int cc_certificate_is_authority(const cc_certificate *certificate);
int cc_certificate_version(const cc_certificate *certificate);
void cc_certificate_signature_algorithm(const cc_certificate *certificate, cc_signature_algorithm *algorithm);
// The index-th extension of that dotted OID: CC_OK, or CC_UNSUPPORTED when there are not so many.
int cc_certificate_extension(
  const cc_certificate *certificate, const char *oid, size_t index, int *is_critical, const uint8_t **value,
  size_t *count);
int cc_name_common_name(const void *name, size_t count, cc_bytes *utf8);
int cc_name_text(const void *name, size_t count, cc_bytes *utf8);

typedef struct cc_crl cc_crl;
int cc_crl_parse(const void *der, size_t count, cc_crl **crl);
void cc_crl_free(cc_crl *crl);
int cc_crl_issuer(const cc_crl *crl, cc_bytes *name);
int cc_crl_validity(const cc_crl *crl, int64_t *this_update, int64_t *next_update);  // 1 when there is a next update
int cc_crl_number(const cc_crl *crl, cc_bytes *magnitude);                           // CC_UNSUPPORTED when it has none
int cc_crl_revoked_count(const cc_crl *crl);
int cc_crl_revoked_serial(const cc_crl *crl, int index, cc_bytes *magnitude);
void cc_crl_signature_algorithm(const cc_crl *crl, cc_signature_algorithm *algorithm);

// plain.c, plain_chain.c — certificates and lists of the one form that Intel's have, and what lies where in them, without
// an object of libcrypto's. CC_UNSUPPORTED says only that a form is another one; certificate.c and crl.c read every form.
typedef struct {
  uint32_t offset;
  uint32_t count;
} cc_range;

typedef struct {
  cc_range body;       // with its header: what the signature covers
  cc_range signature;  // DER of r and s, by ECDSA with SHA-256
} cc_plain_signed;

#define CC_PLAIN_OTHER 0
#define CC_PLAIN_END_ENTITY 1
#define CC_PLAIN_AUTHORITY 2

typedef struct {
  const uint8_t *der;      // a copy of its own
  size_t count;
  cc_plain_signed signed_part;
  cc_range serial;         // big-endian without leading zeros
  cc_range issuer;         // DER Name
  cc_range subject;        // DER Name
  cc_range key;            // SubjectPublicKeyInfo of a point on P-256
  cc_range extensions;     // the content of their list
  cc_range authority_key;  // 20 bytes; empty unless it names a key and nothing else
  cc_range subject_key;    // 20 bytes
  int role;                // CC_PLAIN_
  int64_t not_before;
  int64_t not_after;
} cc_plain_certificate;

typedef struct {
  const uint8_t *der;      // a copy of its own
  size_t count;
  cc_plain_signed signed_part;
  cc_range issuer;         // DER Name
  cc_range number;         // big-endian without leading zeros
  cc_range authority_key;  // 20 bytes
  cc_range entries;
  size_t entry_count;
  int64_t this_update;
  int64_t next_update;
} cc_plain_list;

int cc_plain_certificate_parse(const void *der, size_t count, cc_plain_certificate **certificate);
void cc_plain_certificate_free(cc_plain_certificate *certificate);
int cc_plain_list_parse(const void *der, size_t count, cc_plain_list **list);
void cc_plain_list_free(cc_plain_list *list);
// The serial number of the entry at `at`, which starts at 0 and moves on; CC_UNSUPPORTED behind the last.
int cc_plain_list_next(const cc_plain_list *list, size_t *at, cc_range *serial);
// How many common names a Name has, and the last of them.
int cc_plain_common_name(const uint8_t *name, size_t count, int *name_count, cc_range *common);
// The content of the extension with that identifier (DER without its header): CC_UNSUPPORTED when there is none.
int cc_plain_extension(
  const cc_plain_certificate *certificate, const uint8_t *identifier, size_t count, cc_range *value);

#define CC_PLAIN_PATH_MAX 2

// Each with whether its issuer's key is known to have signed it; afterwards, with whether it did.
typedef struct {
  const cc_plain_certificate *certificate;
  int is_signed;
} cc_plain_link;

typedef struct {
  const cc_plain_list *list;
  int is_signed;
} cc_plain_listing;

typedef struct {
  cc_plain_link links[CC_PLAIN_PATH_MAX];     // the leaf, and its issuer when that is not the anchor
  cc_plain_listing lists[CC_PLAIN_PATH_MAX];  // of the issuer of each
  size_t count;
  const cc_key *issuer_key;  // of links[1]; NULL without it
  const uint8_t *anchor_name;
  size_t anchor_name_count;
  const cc_key *anchor_key;
  int64_t at;  // seconds since 1970
} cc_plain_path;

// CC_OK when everything holds: names, roles, key identifiers, dates, signatures, and no serial number on a list.
int cc_plain_verify(cc_plain_path *path);

// ocsp.c — the answer of a responder about one certificate, parsed and unverified until cc_ocsp_verify says CC_OK.
#define CC_OCSP_GOOD 0
#define CC_OCSP_REVOKED 1
#define CC_OCSP_UNKNOWN 2

typedef struct {
  int status;   // CC_OCSP_
  int reason;   // CRLReason of a revocation, -1 when none is given
  int64_t produced_at;
  int64_t this_update;
  int64_t next_update;
  int has_next_update;
} cc_ocsp_state;

typedef struct cc_ocsp cc_ocsp;
int cc_ocsp_parse(const void *der, size_t count, cc_ocsp **answer);
void cc_ocsp_free(cc_ocsp *answer);
void cc_ocsp_read(const cc_ocsp *answer, cc_ocsp_state *state);
int cc_ocsp_serial(const cc_ocsp *answer, cc_bytes *magnitude);
// The digests of the issuer's name and key by which it says whose certificate it speaks of.
int cc_ocsp_name_hash(const cc_ocsp *answer, cc_bytes *hash);
int cc_ocsp_key_hash(const cc_ocsp *answer, cc_bytes *hash);
int cc_ocsp_nonce(const cc_ocsp *answer, cc_bytes *nonce);  // CC_UNSUPPORTED when it has none
// 1 when it speaks of some certificate of that issuer.
int cc_ocsp_is_of(const cc_ocsp *answer, const cc_certificate *issuer);
// 1 when it speaks of that certificate of that issuer; of the issuer only its name and key count.
int cc_ocsp_is_about(const cc_ocsp *answer, const cc_certificate *certificate, const cc_certificate *issuer);
// Signed by the issuer, or by a responder that the issuer made for it and that is valid at that time: then it is from
// *first until *last (not included), which hold for the issuer's own signature from INT64_MIN until INT64_MAX.
int cc_ocsp_verify(const cc_ocsp *answer, const cc_certificate *issuer, int64_t at, int64_t *first, int64_t *last);

// chain.c — RFC 5280 path validation at a given time, from one anchor that is a name and a key.
#define CC_CHAIN_MAX 16
#define CC_REVOCATION_WHEN_PRESENT 0
#define CC_REVOCATION_REQUIRED 1

typedef struct {
  const cc_certificate *leaf;
  const cc_certificate *const *intermediates;
  size_t intermediate_count;
  const cc_certificate *anchor;  // only its subject and key count: its own signature, dates and AKI are not looked at
  const cc_crl *const *crls;
  size_t crl_count;
  int64_t at;       // seconds since 1970
  int is_strict;    // X509_V_FLAG_X509_STRICT
  int revocation;   // CC_REVOCATION_
} cc_chain_request;

typedef struct {
  int error;        // CC_CHAIN_
  int library_error;  // X509_V_ERR_, for diagnosis
  int depth;        // the certificate the error is about: 0 is the leaf
  size_t count;     // certificates from the leaf to the one below the anchor
  int path[CC_CHAIN_MAX];      // -1 for the leaf, else an index into intermediates
  size_t crl_count;
  int crls[CC_CHAIN_MAX];      // indices into crls that were enforced, each once
} cc_chain_result;

#define CC_CHAIN_OK 0
#define CC_CHAIN_UNTRUSTED 1
#define CC_CHAIN_BAD_SIGNATURE 2
#define CC_CHAIN_NOT_YET_VALID 3
#define CC_CHAIN_EXPIRED 4
#define CC_CHAIN_REVOKED 5
#define CC_CHAIN_CRL_MISSING 6
#define CC_CHAIN_CRL_EXPIRED 7
#define CC_CHAIN_CRL_NOT_YET_VALID 8
#define CC_CHAIN_CRL_BAD_SIGNATURE 9
#define CC_CHAIN_LEAF_IS_AUTHORITY 10
#define CC_CHAIN_WRONG_LENGTH 11
#define CC_CHAIN_WEAK 12
#define CC_CHAIN_MALFORMED 13
#define CC_CHAIN_OTHER 14

void cc_chain_verify(const cc_chain_request *request, cc_chain_result *result);
