// The path of a leaf in the plain form, when every question about it has one answer. Spec: RFC 5280 §6.
//
// CC_OK says that libcrypto would accept it as well. CC_UNSUPPORTED says nothing: libcrypto decides, and says why not.
#include "der.h"
#include "internal.h"

#define KEY_IDENTIFIER 20

// Who issued a certificate and the list that does not name it.
typedef struct {
  const uint8_t *name;
  size_t name_count;
  const uint8_t *identifier;  // NULL for an anchor, which has none
  const cc_key *key;
} issuer;

static int is_signed(const uint8_t *der, const cc_plain_signed *part, const cc_key *key) {
  return cc_key_kind(key) == CC_P256 &&
         cc_ecdsa_verify_der(
           key, CC_SHA256, der + part->signature.offset, part->signature.count, der + part->body.offset,
           part->body.count) == CC_OK;
}

static int is_of(const issuer *by, const uint8_t *der, cc_range name, cc_range identifier) {
  return der_equals(der, name, by->name, by->name_count) &&
         (by->identifier == NULL || der_equals(der, identifier, by->identifier, KEY_IDENTIFIER));
}

static int is_listed(const cc_plain_list *list, const cc_plain_certificate *certificate) {
  const uint8_t *serial = certificate->der + certificate->serial.offset;
  size_t at = 0;
  cc_range next;
  while (cc_plain_list_next(list, &at, &next) == CC_OK)
    if (der_equals(list->der, next, serial, certificate->serial.count)) return 1;
  return 0;
}

// A certificate and the list of its issuer; what costs least comes first. The last second of either is past its end.
static int is_good_step(cc_plain_link *link, cc_plain_listing *listing, const issuer *by, int64_t at) {
  const cc_plain_certificate *certificate = link->certificate;
  const cc_plain_list *list = listing->list;
  if (!is_of(by, certificate->der, certificate->issuer, certificate->authority_key)) return 0;
  if (!is_of(by, list->der, list->issuer, list->authority_key)) return 0;
  if (at < certificate->not_before || at >= certificate->not_after) return 0;
  if (at < list->this_update || at >= list->next_update) return 0;
  if (is_listed(list, certificate)) return 0;
  if (!link->is_signed) link->is_signed = is_signed(certificate->der, &certificate->signed_part, by->key);
  if (!listing->is_signed && link->is_signed) listing->is_signed = is_signed(list->der, &list->signed_part, by->key);
  return link->is_signed && listing->is_signed;
}

static int has_name(const cc_plain_certificate *certificate, const uint8_t *name, size_t count) {
  return der_equals(certificate->der, certificate->subject, name, count);
}

static int is_good_leaf(const cc_plain_path *path) {
  const cc_plain_certificate *leaf = path->links[0].certificate;
  return leaf->role == CC_PLAIN_END_ENTITY && !has_name(leaf, path->anchor_name, path->anchor_name_count);
}

// Has what an issuer must have, and a name that is neither the leaf's nor the anchor's.
static int is_good_authority(const cc_plain_path *path) {
  const cc_plain_certificate *leaf = path->links[0].certificate, *authority = path->links[1].certificate;
  return authority->role == CC_PLAIN_AUTHORITY && path->issuer_key != NULL &&
         !has_name(authority, path->anchor_name, path->anchor_name_count) &&
         !has_name(authority, leaf->der + leaf->subject.offset, leaf->subject.count);
}

int cc_plain_verify(cc_plain_path *path) {
  issuer by = {path->anchor_name, path->anchor_name_count, NULL, path->anchor_key};
  if (path->count < 1 || path->count > CC_PLAIN_PATH_MAX || !is_good_leaf(path)) return CC_UNSUPPORTED;
  if (path->count == 2) {
    const cc_plain_certificate *authority = path->links[1].certificate;
    if (!is_good_authority(path)) return CC_UNSUPPORTED;
    if (!is_good_step(&path->links[1], &path->lists[1], &by, path->at)) return CC_UNSUPPORTED;
    by = (issuer){authority->der + authority->subject.offset, authority->subject.count,
                  authority->der + authority->subject_key.offset, path->issuer_key};
  }
  return is_good_step(&path->links[0], &path->lists[0], &by, path->at) ? CC_OK : CC_UNSUPPORTED;
}
