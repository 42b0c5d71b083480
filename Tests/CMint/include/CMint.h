// Makes keys, certificates and revocation lists for tests and for the simulator, rightly and in every wrong way that a
// verifier has to notice. Never linked into a shipped program.
//
// Every function writes into the caller's buffer and returns the number of bytes written, or 0 for failure.
#ifndef CMINT_H
#define CMINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *bytes;
  size_t count;
} mint_bytes;

typedef enum {
  MINT_PSS_SHA384,
  /// Wrong in one way each.
  MINT_PSS_SHA384_SALT_32,
  MINT_PSS_SHA256,
  MINT_PSS_SHA384_MGF1_SHA256,
  MINT_PKCS1_SHA384,
  /// For keys of elliptic curves; the second is wrong for every one of Intel's.
  MINT_ECDSA_SHA256,
  MINT_ECDSA_SHA384,
} mint_signature;

typedef enum {
  /// `OU=Engineering, C=US, L=Santa Clara, ST=CA, O, CN`, in that order.
  MINT_NAME_AMD,
  /// `CN, O, L=Santa Clara, ST=CA, C=US`, in that order.
  MINT_NAME_INTEL,
  /// `CN, O`; with a serial number `serialNumber, C=US, O, CN`.
  MINT_NAME_NVIDIA,
} mint_name_layout;

typedef struct {
  mint_name_layout layout;
  const char *organization;
  const char *common_name;
  /// NULL: none.
  const char *serial_number;
} mint_name;

typedef enum {
  /// Key identifiers, basic constraints and key usage.
  MINT_PROFILE_PLAIN,
  /// None of them: AMD's VCEK and VLEK.
  MINT_PROFILE_BARE,
  /// Authority key identifier, distribution point, subject key identifier, key usage with non-repudiation and basic
  /// constraints, in the order of Intel's.
  MINT_PROFILE_INTEL,
} mint_profile;

/// An extension as it is: `value` becomes the content of extnValue.
typedef struct {
  const char *oid;
  bool critical;
  mint_bytes value;
} mint_extension;

typedef struct {
  mint_name subject;
  mint_name issuer;
  /// SubjectPublicKeyInfo.
  mint_bytes subject_key;
  /// PKCS #8; its public half makes the authority key identifier.
  mint_bytes issuer_key;
  /// PKCS #8 of who signs in the issuer's place, under its identifiers; empty: the issuer.
  mint_bytes forging_key;
  mint_signature signature;
  uint64_t serial;
  /// Seconds since 1970.
  int64_t not_before;
  int64_t not_after;
  bool is_authority;
  /// Below zero: none.
  int path_length;
  mint_profile profile;
  /// Where revocation lists lie, for Intel's profile; NULL leaves the extension out.
  const char *distribution_point;
  const mint_extension *extensions;
  size_t extension_count;
} mint_certificate;

typedef struct {
  mint_name issuer;
  mint_bytes issuer_key;
  mint_bytes forging_key;
  mint_signature signature;
  uint64_t number;
  int64_t this_update;
  /// Zero: none.
  int64_t next_update;
  const uint64_t *revoked;
  size_t revoked_count;
  /// With an authority key identifier, and reason codes in the entries, as Intel's are.
  bool is_intel;
} mint_revocation_list;

/// PKCS #8.
size_t mint_rsa_key(unsigned bits, uint8_t *out, size_t capacity);
/// PKCS #8. - Parameter curve: "P-256" or "P-384".
size_t mint_ec_key(const char *curve, uint8_t *out, size_t capacity);
/// SubjectPublicKeyInfo of a PKCS #8 key.
size_t mint_public_key(mint_bytes pkcs8, uint8_t *out, size_t capacity);
/// DER Name.
size_t mint_name_der(mint_name name, uint8_t *out, size_t capacity);
size_t mint_certificate_der(const mint_certificate *certificate, uint8_t *out, size_t capacity);
size_t mint_revocation_list_der(const mint_revocation_list *list, uint8_t *out, size_t capacity);
/// r ‖ s of ECDSA: 64 bytes under a P-256 key, with SHA-256; 96 bytes under a P-384 key, with SHA-384.
size_t mint_sign_ecdsa(mint_bytes pkcs8, mint_bytes message, uint8_t *out, size_t capacity);

#endif
