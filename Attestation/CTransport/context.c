#include "tls.h"

#include <openssl/err.h>
#include <stdlib.h>

static const unsigned char http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// RFC 7301 3.2: a client that offers protocols, but not ours, is refused.
static int choose_protocol(SSL *tls, const unsigned char **out, unsigned char *out_count, const unsigned char *offered,
                           unsigned int offered_count, void *context) {
  (void)tls, (void)context;
  unsigned char *chosen = NULL;
  if (SSL_select_next_proto(&chosen, out_count, http11, sizeof http11, offered, offered_count) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Stands in for path building: clients are known by their key alone, and the handshake proves that they hold it.
static int accept_any_strong_key(X509_STORE_CTX *store, void *context) {
  (void)context;
  X509 *leaf = X509_STORE_CTX_get0_cert(store);
  EVP_PKEY *key = leaf ? X509_get0_pubkey(leaf) : NULL;
  int good = key && EVP_PKEY_get_security_bits(key) >= 112;
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return good;
}

static int restrict_protocol(SSL_CTX *tls) {
  SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_max_cert_list(tls, 16 * 1024);
  SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
  return SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) && SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) &&
         SSL_CTX_set_num_tickets(tls, 0) && SSL_CTX_set_max_early_data(tls, 0) &&
         SSL_CTX_set_ciphersuites(
             tls, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") &&
         SSL_CTX_set1_groups_list(tls, "X25519:P-256:P-384");
}

static void ask_clients(SSL_CTX *tls, ct_client_certificates clients) {
  int mode = SSL_VERIFY_NONE;
  if (clients == ct_clients_may_present) mode = SSL_VERIFY_PEER;
  if (clients == ct_clients_must_present) mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(tls, mode, NULL);
  SSL_CTX_set_cert_verify_callback(tls, accept_any_strong_key, NULL);
}

ct_context *ct_context_new(const ct_identity *identity, ct_client_certificates clients) {
  ERR_clear_error();
  ct_context *context = calloc(1, sizeof *context);
  SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
  int good = context && tls && restrict_protocol(tls) &&
             SSL_CTX_use_cert_and_key(tls, identity->leaf, identity->key, identity->rest, 1) == 1;
  ERR_clear_error();
  if (!good) {
    SSL_CTX_free(tls);
    free(context);
    return NULL;
  }
  ask_clients(tls, clients);
  context->tls = tls;
  return context;
}

void ct_context_free(ct_context *context) {
  if (!context) return;
  SSL_CTX_free(context->tls);
  free(context);
}
