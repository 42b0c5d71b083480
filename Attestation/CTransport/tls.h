// What the files of this door share about TLS; not for its callers.
#ifndef CTRANSPORT_TLS_H
#define CTRANSPORT_TLS_H

#include "CTransport.h"

#include <openssl/ssl.h>

struct ct_identity {
  X509 *leaf;
  STACK_OF(X509) *rest;
  EVP_PKEY *key;
};

struct ct_context {
  SSL_CTX *tls;
};

#endif
