#include "tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { longest_chain = 8, fewest_security_bits = 112 };

// libcrypto would ask the terminal for a passphrase; an encrypted key is simply not a key here.
static int no_passphrase(char *buffer, int size, int writing, void *context) {
  (void)buffer, (void)size, (void)writing, (void)context;
  return -1;
}

static int read_chain(ct_identity *identity, const void *bytes, size_t count) {
  BIO *input = count < 1u << 20 ? BIO_new_mem_buf(bytes, (int)count) : NULL;
  if (!input) return 0;
  X509 *certificate;
  int good = 1;
  while (good && (certificate = PEM_read_bio_X509(input, NULL, no_passphrase, NULL))) {
    if (!identity->leaf) {
      identity->leaf = certificate;
    } else if (sk_X509_num(identity->rest) >= longest_chain || !sk_X509_push(identity->rest, certificate)) {
      X509_free(certificate);
      good = 0;
    }
  }
  unsigned long last = ERR_peek_last_error();
  int ended = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  BIO_free(input);
  return good && ended && identity->leaf;
}

static int read_key(ct_identity *identity, const void *bytes, size_t count) {
  BIO *input = count < 1u << 16 ? BIO_new_mem_buf(bytes, (int)count) : NULL;
  if (!input) return 0;
  identity->key = PEM_read_bio_PrivateKey(input, NULL, no_passphrase, NULL);
  BIO_free(input);
  return identity->key != NULL;
}

static X509 *certificate_at(const ct_identity *identity, int index) {
  return index == 0 ? identity->leaf : sk_X509_value(identity->rest, index - 1);
}

static int certificate_count(const ct_identity *identity) { return 1 + sk_X509_num(identity->rest); }

static int is_linked(const ct_identity *identity) {
  for (int i = 0; i + 1 < certificate_count(identity); i++) {
    X509 *subject = certificate_at(identity, i), *issuer = certificate_at(identity, i + 1);
    if (X509_check_issued(issuer, subject) != X509_V_OK) return 0;
    if (X509_verify(subject, X509_get0_pubkey(issuer)) != 1) return 0;
  }
  return 1;
}

static ct_identity_verdict judge_dates(const ct_identity *identity, int64_t now) {
  time_t at = (time_t)now;
  for (int i = 0; i < certificate_count(identity); i++) {
    X509 *certificate = certificate_at(identity, i);
    if (X509_cmp_time(X509_get0_notBefore(certificate), &at) >= 0) return ct_identity_not_yet_valid;
    if (X509_cmp_time(X509_get0_notAfter(certificate), &at) <= 0) return ct_identity_expired;
  }
  return ct_identity_good;
}

static ct_identity_verdict judge(const ct_identity *identity, int64_t now) {
  if (EVP_PKEY_get_security_bits(identity->key) < fewest_security_bits) return ct_identity_weak_key;
  if (X509_check_private_key(identity->leaf, identity->key) != 1) return ct_identity_key_mismatch;
  if (!is_linked(identity)) return ct_identity_broken_chain;
  return judge_dates(identity, now);
}

ct_identity *ct_identity_new(const void *certificates, size_t certificates_count, const void *key, size_t key_count,
                             int64_t now, ct_identity_verdict *verdict) {
  ERR_clear_error();
  ct_identity *identity = calloc(1, sizeof *identity);
  if (identity) identity->rest = sk_X509_new_null();
  if (!identity || !identity->rest) {
    *verdict = ct_identity_no_memory;
  } else if (!read_chain(identity, certificates, certificates_count)) {
    *verdict = ct_identity_bad_certificate;
  } else if (!read_key(identity, key, key_count)) {
    *verdict = ct_identity_bad_key;
  } else {
    *verdict = judge(identity, now);
  }
  ERR_clear_error();
  if (*verdict == ct_identity_good) return identity;
  ct_identity_free(identity);
  return NULL;
}

void ct_identity_free(ct_identity *identity) {
  if (!identity) return;
  X509_free(identity->leaf);
  sk_X509_pop_free(identity->rest, X509_free);
  EVP_PKEY_free(identity->key);
  free(identity);
}

int64_t ct_identity_not_after(const ct_identity *identity) {
  int64_t earliest = INT64_MAX;
  for (int i = 0; i < certificate_count(identity); i++) {
    struct tm parts;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate_at(identity, i)), &parts) != 1) return 0;
    int64_t seconds = (int64_t)timegm(&parts);
    if (seconds < earliest) earliest = seconds;
  }
  return earliest;
}

typedef struct {
  char *out;
  size_t capacity, count;
} text;

// Takes a name only whole, and only if it is made of the characters of host names and addresses.
static void append_name(text *names, const char *name, size_t count) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:*";
  if (count == 0 || count + 1 > names->capacity - names->count) return;
  for (size_t i = 0; i < count; i++) {
    if (!name[i] || !strchr(allowed, name[i])) return;
  }
  memcpy(names->out + names->count, name, count);
  names->out[names->count + count] = '\n';
  names->count += count + 1;
}

static void append_general_name(text *names, const GENERAL_NAME *name) {
  char address[INET6_ADDRSTRLEN];
  if (name->type == GEN_DNS) {
    append_name(names, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                (size_t)ASN1_STRING_length(name->d.dNSName));
  } else if (name->type == GEN_IPADD) {
    int size = ASN1_STRING_length(name->d.iPAddress);
    if (size != 4 && size != 16) return;
    if (inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), address, sizeof address))
      append_name(names, address, strlen(address));
  }
}

size_t ct_identity_names(const ct_identity *identity, char *out, size_t capacity) {
  text names = {out, capacity, 0};
  GENERAL_NAMES *found = X509_get_ext_d2i(identity->leaf, NID_subject_alt_name, NULL, NULL);
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found); i++) {
    append_general_name(&names, sk_GENERAL_NAME_value(found, i));
  }
  GENERAL_NAMES_free(found);
  ERR_clear_error();
  return names.count;
}
