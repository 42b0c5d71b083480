// Shared by the files of this door.
#ifndef MINT_H
#define MINT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "CMint.h"

/// The caller frees it.
EVP_PKEY *mint_read_private_key(mint_bytes pkcs8);
/// The caller frees it.
X509_NAME *mint_make_name(mint_name name);
/// A certificate that is nothing but an issuer's key, so that OpenSSL derives its key identifier; the caller frees it.
X509 *mint_make_stand_in(EVP_PKEY *key);
/// A digest context ready to sign as asked; the caller frees it.
EVP_MD_CTX *mint_signing_context(EVP_PKEY *key, mint_signature signature);

#endif
