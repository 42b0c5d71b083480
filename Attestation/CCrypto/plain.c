// Certificates and lists in the plain form, which is that of Intel's: read where they lie, because libcrypto takes
// longer to read one than to check its signature. Nothing is taken that libcrypto would refuse; everything else is
// CC_UNSUPPORTED, and libcrypto's to read. Spec: RFC 5280 §4, §5.
#include "der.h"
#include "internal.h"

#define TEXT_MAX 64
#define SERIAL_MAX 20
#define KEY_IDENTIFIER 20
#define REASON_MAX 10
#define OID_MAX 32
#define EXTENSION_MAX 16
#define CERTIFICATE_MAX ((size_t)1 << 16)
#define LIST_MAX ((size_t)1 << 24)

static const uint8_t ecdsa_sha256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t p256_header[] = {
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
  0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
};
static const uint8_t subject_key[] = {0x55, 0x1D, 0x0E}, key_usage[] = {0x55, 0x1D, 0x0F};
static const uint8_t basic_constraints[] = {0x55, 0x1D, 0x13}, crl_number[] = {0x55, 0x1D, 0x14};
static const uint8_t reason_code[] = {0x55, 0x1D, 0x15}, distribution_points[] = {0x55, 0x1D, 0x1F};
static const uint8_t authority_key[] = {0x55, 0x1D, 0x23};
static const uint8_t sgx[] = {0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};

typedef struct {
  cc_range identifier;
  cc_range value;
  int is_critical;
} extension;

static void require(der_reader *from, int is_right) { from->is_broken |= !is_right; }

// AlgorithmIdentifier: ECDSA with SHA-256, and no parameters.
static void take_algorithm(der_reader *from) {
  cc_range content = der_take(from, DER_SEQUENCE);
  require(from, der_equals(from->bytes, content, ecdsa_sha256, sizeof ecdsa_sha256));
}

// UTCTime or GeneralizedTime with seconds and Z. Spec: RFC 5280 §4.1.2.5.
static int64_t take_time(der_reader *from) {
  int is_short = der_has(from, DER_UTC_TIME);
  cc_range text = der_take(from, is_short ? DER_UTC_TIME : DER_GENERALIZED_TIME);
  int64_t seconds = 0;
  if (from->is_broken) return 0;
  require(from, cc_time_from_text(from->bytes + text.offset, text.count, is_short, &seconds) == CC_OK);
  return seconds;
}

static int is_printable(const uint8_t *bytes, cc_range text) {
  for (uint32_t index = 0; index < text.count; index++)
    if (bytes[text.offset + index] < 0x20 || bytes[text.offset + index] > 0x7E) return 0;
  return text.count > 0 && text.count <= TEXT_MAX;
}

// A Name of attributes of X.520 in printable ASCII, one to each RDN. Common names are counted; `common` is the last.
static void check_name(der_reader *from, cc_range content, int *common_count, cc_range *common) {
  der_reader sets = der_in(from->bytes, content);
  require(from, content.count > 0);
  while (!sets.is_broken && !der_is_at_end(&sets)) {
    der_reader pairs = der_in(from->bytes, der_take(&sets, DER_SET));
    der_reader pair = der_in(from->bytes, der_take(&pairs, DER_SEQUENCE));
    cc_range identifier = der_take(&pair, DER_IDENTIFIER);
    cc_range text = der_take(&pair, der_has(&pair, DER_UTF8) ? DER_UTF8 : DER_PRINTABLE);
    const uint8_t *arcs = from->bytes + identifier.offset;
    require(&sets, der_is_done(&pairs) && der_is_done(&pair) && identifier.count == 3 && arcs[0] == 0x55 &&
                     arcs[1] == 0x04 && arcs[2] < 0x80 && is_printable(from->bytes, text));
    if (sets.is_broken || arcs[2] != 3) continue;
    *common = text;
    (*common_count)++;
  }
  require(from, !sets.is_broken);
}

static cc_range take_name(der_reader *from) {
  der_reader again = *from;
  cc_range whole = der_take_whole(from, DER_SEQUENCE), common;
  int count = 0;
  check_name(from, der_take(&again, DER_SEQUENCE), &count, &common);
  return whole;
}

// The next Extension of a list of them. DER leaves a criticality of false out.
static extension take_extension(der_reader *from) {
  der_reader parts = der_in(from->bytes, der_take(from, DER_SEQUENCE));
  extension found = {der_take(&parts, DER_IDENTIFIER), {0, 0}, 0};
  require(from, found.identifier.count > 0 && found.identifier.count <= OID_MAX &&
                  from->bytes[found.identifier.offset + found.identifier.count - 1] < 0x80);
  if (der_has(&parts, 0x01)) {
    cc_range flag = der_take(&parts, 0x01);
    require(&parts, der_equals(from->bytes, flag, "\xFF", 1));
    found.is_critical = 1;
  }
  found.value = der_take(&parts, DER_OCTET_STRING);
  require(from, der_is_done(&parts));
  return found;
}

static int is_named(const uint8_t *bytes, const extension *item, const uint8_t *identifier, size_t count) {
  return der_equals(bytes, item->identifier, identifier, count);
}

#define IS_NAMED(item, identifier) is_named(bytes, item, identifier, sizeof identifier)

// Extensions, each once, fill what is left of `from`; their list's content.
static cc_range take_extensions(der_reader *from) {
  cc_range list = der_take(from, DER_SEQUENCE);
  require(from, der_is_at_end(from) && list.count > 0);
  der_reader items = der_in(from->bytes, list);
  for (int count = 0; !from->is_broken && !der_is_at_end(&items); count++) {
    extension item = take_extension(&items);
    require(&items, count < EXTENSION_MAX);
    der_reader rest = items;
    while (!items.is_broken && !rest.is_broken && !der_is_at_end(&rest)) {
      extension later = take_extension(&rest);
      const uint8_t *own = from->bytes + item.identifier.offset;
      require(&items, !der_equals(from->bytes, later.identifier, own, item.identifier.count));
    }
    require(from, !items.is_broken);
  }
  return list;
}

// A key identifier of SHA-1's size behind that header and nothing else.
static int take_key_identifier(const uint8_t *bytes, const extension *item, const char *header, cc_range *key) {
  size_t count = strlen(header);
  if (item->is_critical || item->value.count != count + KEY_IDENTIFIER) return 0;
  if (memcmp(bytes + item->value.offset, header, count) != 0) return 0;
  *key = (cc_range){item->value.offset + (uint32_t)count, KEY_IDENTIFIER};
  return 1;
}

// One point with one URI, and no issuer of its own.
static int is_distribution_point(const uint8_t *bytes, const extension *item) {
  static const uint8_t tags[] = {0x30, 0x30, 0xA0, 0xA0, 0x86};
  cc_range rest = item->value;
  for (size_t index = 0; index < sizeof tags; index++) {
    der_reader reader = der_in(bytes, rest);
    rest = der_take(&reader, tags[index]);
    if (!der_is_done(&reader)) return 0;
  }
  for (uint32_t index = 0; index < rest.count; index++)
    if (bytes[rest.offset + index] < 0x21 || bytes[rest.offset + index] > 0x7E) return 0;
  return rest.count > 0 && !item->is_critical;
}

// What a certificate is for, by exactly the extensions of Intel's profile; CC_PLAIN_OTHER with any other, or with one
// of them in another form.
static int role_of(const uint8_t *bytes, cc_plain_certificate *found) {
  der_reader items = der_in(bytes, found->extensions);
  cc_range usage = {0, 0}, constraints = {0, 0};
  int count = 0, vendor_count = 0, point_count = 0;
  while (!der_is_at_end(&items)) {
    extension item = take_extension(&items);
    count++;
    if (IS_NAMED(&item, authority_key)) take_key_identifier(bytes, &item, "\x30\x16\x80\x14", &found->authority_key);
    if (IS_NAMED(&item, subject_key)) take_key_identifier(bytes, &item, "\x04\x14", &found->subject_key);
    if (IS_NAMED(&item, distribution_points)) point_count += is_distribution_point(bytes, &item);
    if (IS_NAMED(&item, sgx)) vendor_count += !item.is_critical;
    if (IS_NAMED(&item, key_usage) && item.is_critical) usage = item.value;
    if (IS_NAMED(&item, basic_constraints) && item.is_critical) constraints = item.value;
  }
  int has_profile = found->authority_key.count > 0 && found->subject_key.count > 0 && point_count == 1 &&
                    usage.count > 0 && constraints.count > 0 && count == 5 + vendor_count;
  if (!has_profile) return CC_PLAIN_OTHER;
  if (der_equals(bytes, usage, "\x03\x02\x06\xC0", 4) && der_equals(bytes, constraints, "\x30\x00", 2))
    return CC_PLAIN_END_ENTITY;
  // keyCertSign and cRLSign; an authority with none below it.
  int is_authority = der_equals(bytes, usage, "\x03\x02\x01\x06", 4) &&
                     der_equals(bytes, constraints, "\x30\x06\x01\x01\xFF\x02\x01\x00", 8);
  return is_authority && vendor_count == 0 ? CC_PLAIN_AUTHORITY : CC_PLAIN_OTHER;
}

// What was signed, with its header, its content, and the signature. Spec: RFC 5280 §4.1.1, §5.1.1.
static der_reader open_signed(const uint8_t *der, size_t count, cc_plain_signed *found) {
  der_reader outer = der_over(der, count);
  der_reader parts = der_in(der, der_take(&outer, DER_SEQUENCE));
  der_reader fields = parts;
  found->body = der_take_whole(&parts, DER_SEQUENCE);
  fields = der_in(der, der_take(&fields, DER_SEQUENCE));
  take_algorithm(&parts);
  cc_range bits = der_take(&parts, DER_BIT_STRING);
  require(&fields, der_is_done(&outer) && der_is_done(&parts) && bits.count > 0 && der[bits.offset] == 0);
  found->signature = (cc_range){bits.offset + 1, bits.count - (bits.count > 0)};
  return fields;
}

static int find_certificate(const uint8_t *der, size_t count, cc_plain_certificate *found) {
  der_reader fields = open_signed(der, count, &found->signed_part);
  cc_range version = der_take(&fields, 0xA0);
  require(&fields, der_equals(der, version, "\x02\x01\x02", 3));
  found->serial = der_take_magnitude(&fields);
  require(&fields, found->serial.count <= SERIAL_MAX);
  take_algorithm(&fields);
  found->issuer = take_name(&fields);
  der_reader times = der_in(der, der_take(&fields, DER_SEQUENCE));
  found->not_before = take_time(&times);
  found->not_after = take_time(&times);
  found->subject = take_name(&fields);
  found->key = der_take_whole(&fields, DER_SEQUENCE);
  require(&fields, found->key.count == sizeof p256_header + 64 &&
                     memcmp(der + found->key.offset, p256_header, sizeof p256_header) == 0);
  der_reader wrapped = der_in(der, der_take(&fields, 0xA3));
  found->extensions = take_extensions(&wrapped);
  if (!der_is_done(&fields) || !der_is_done(&times) || !der_is_done(&wrapped)) return CC_UNSUPPORTED;
  found->role = role_of(der, found);
  return CC_OK;
}

// The parts and a copy of the bytes behind them, in one piece of memory.
static void *keep(const void *parts, size_t parts_count, const void *der, size_t count, const uint8_t **copy) {
  uint8_t *made = OPENSSL_malloc(parts_count + count);
  if (made == NULL) return NULL;
  memcpy(made, parts, parts_count);
  memcpy(made + parts_count, der, count);
  *copy = made + parts_count;
  return made;
}

int cc_plain_certificate_parse(const void *der, size_t count, cc_plain_certificate **certificate) {
  *certificate = NULL;
  cc_plain_certificate found = {0};
  if (count == 0 || count > CERTIFICATE_MAX || find_certificate(der, count, &found) != CC_OK) return CC_UNSUPPORTED;
  const uint8_t *copy = NULL;
  cc_plain_certificate *made = keep(&found, sizeof found, der, count, &copy);
  if (made == NULL) return CC_FAILED;
  made->der = copy;
  made->count = count;
  *certificate = made;
  return CC_OK;
}

void cc_plain_certificate_free(cc_plain_certificate *certificate) { OPENSSL_free(certificate); }

// A reason that is one, and not that the entry is to be taken back. Spec: RFC 5280 §5.3.1.
static int is_reason(const uint8_t *bytes, const extension *item) {
  if (item->is_critical || !IS_NAMED(item, reason_code) || item->value.count != 3) return 0;
  const uint8_t *value = bytes + item->value.offset;
  return value[0] == DER_ENUMERATED && value[1] == 1 && value[2] <= REASON_MAX && value[2] != 7 && value[2] != 8;
}

// The serial number of the next entry of a list.
static cc_range take_entry(der_reader *from) {
  der_reader parts = der_in(from->bytes, der_take(from, DER_SEQUENCE));
  cc_range serial = der_take_magnitude(&parts);
  take_time(&parts);
  if (!parts.is_broken && !der_is_at_end(&parts)) {
    der_reader items = der_in(from->bytes, der_take(&parts, DER_SEQUENCE));
    extension item = take_extension(&items);
    require(&parts, der_is_done(&items) && is_reason(from->bytes, &item));
  }
  require(from, der_is_done(&parts));
  return serial;
}

// The number and the issuer's key of a list that has these two extensions and no other.
static int has_list_extensions(const uint8_t *bytes, cc_range extensions, cc_plain_list *found) {
  der_reader items = der_in(bytes, extensions);
  int count = 0;
  while (!der_is_at_end(&items)) {
    extension item = take_extension(&items);
    count++;
    if (IS_NAMED(&item, authority_key)) take_key_identifier(bytes, &item, "\x30\x16\x80\x14", &found->authority_key);
    if (!IS_NAMED(&item, crl_number) || item.is_critical) continue;
    der_reader value = der_in(bytes, item.value);
    cc_range number = der_take_magnitude(&value);
    if (der_is_done(&value)) found->number = number;
  }
  return count == 2 && found->authority_key.count > 0 && found->number.count > 0;
}

static int find_list(const uint8_t *der, size_t count, cc_plain_list *found) {
  der_reader fields = open_signed(der, count, &found->signed_part);
  cc_range version = der_take(&fields, DER_INTEGER);
  require(&fields, der_equals(der, version, "\x01", 1));
  take_algorithm(&fields);
  found->issuer = take_name(&fields);
  found->this_update = take_time(&fields);
  found->next_update = take_time(&fields);
  if (der_has(&fields, DER_SEQUENCE)) {
    found->entries = der_take(&fields, DER_SEQUENCE);
    require(&fields, found->entries.count > 0);
  }
  der_reader entries = der_in(der, found->entries);
  for (; !entries.is_broken && !der_is_at_end(&entries); found->entry_count++) take_entry(&entries);
  der_reader wrapped = der_in(der, der_take(&fields, 0xA0));
  cc_range extensions = take_extensions(&wrapped);
  int is_plain = der_is_done(&fields) && der_is_done(&entries) && der_is_done(&wrapped);
  return is_plain && has_list_extensions(der, extensions, found) ? CC_OK : CC_UNSUPPORTED;
}

int cc_plain_list_parse(const void *der, size_t count, cc_plain_list **list) {
  *list = NULL;
  cc_plain_list found = {0};
  if (count == 0 || count > LIST_MAX || find_list(der, count, &found) != CC_OK) return CC_UNSUPPORTED;
  const uint8_t *copy = NULL;
  cc_plain_list *made = keep(&found, sizeof found, der, count, &copy);
  if (made == NULL) return CC_FAILED;
  made->der = copy;
  made->count = count;
  *list = made;
  return CC_OK;
}

void cc_plain_list_free(cc_plain_list *list) { OPENSSL_free(list); }

int cc_plain_list_next(const cc_plain_list *list, size_t *at, cc_range *serial) {
  der_reader entries = der_in(list->der, list->entries);
  if (*at > list->entries.count) return CC_BAD_LENGTH;
  entries.at += *at;
  if (der_is_at_end(&entries)) return CC_UNSUPPORTED;
  *serial = take_entry(&entries);
  *at = entries.at - list->entries.offset;
  return entries.is_broken ? CC_MALFORMED : CC_OK;
}

int cc_plain_common_name(const uint8_t *name, size_t count, int *name_count, cc_range *common) {
  der_reader whole = der_over(name, count);
  *name_count = 0;
  *common = (cc_range){0, 0};
  check_name(&whole, der_take(&whole, DER_SEQUENCE), name_count, common);
  return der_is_done(&whole) ? CC_OK : CC_UNSUPPORTED;
}

int cc_plain_extension(
  const cc_plain_certificate *certificate, const uint8_t *identifier, size_t count, cc_range *value) {
  der_reader items = der_in(certificate->der, certificate->extensions);
  while (!items.is_broken && !der_is_at_end(&items)) {
    extension item = take_extension(&items);
    if (items.is_broken || !der_equals(certificate->der, item.identifier, identifier, count)) continue;
    *value = item.value;
    return CC_OK;
  }
  return CC_UNSUPPORTED;
}
