#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct ct_stream {
  SSL *tls;
  int32_t descriptor;
};

ct_stream *ct_stream_new(int32_t descriptor, const ct_context *context) {
  ct_stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->descriptor = descriptor;
  if (!context) return stream;
  stream->tls = SSL_new(context->tls);
  if (!stream->tls || SSL_set_fd(stream->tls, descriptor) != 1) {
    SSL_free(stream->tls);
    free(stream);
    return NULL;
  }
  SSL_set_accept_state(stream->tls);
  return stream;
}

void ct_stream_free(ct_stream *stream) {
  if (!stream) return;
  SSL_free(stream->tls);
  close(stream->descriptor);
  free(stream);
}

int32_t ct_stream_descriptor(const ct_stream *stream) { return stream->descriptor; }

static int32_t outcome(SSL *tls, int result) {
  int error = SSL_get_error(tls, result);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ: return ct_wants_read;
    case SSL_ERROR_WANT_WRITE: return ct_wants_write;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: return ct_broken;
  }
}

int32_t ct_stream_handshake(ct_stream *stream) {
  if (!stream->tls) return 1;
  ERR_clear_error();
  int result = SSL_do_handshake(stream->tls);
  if (result == 1) return 1;
  int32_t reason = outcome(stream->tls, result);
  return reason == 0 ? ct_broken : reason;
}

static int32_t plain_outcome(ssize_t result, int32_t wanted) {
  if (result >= 0) return (int32_t)result;
  return errno == EAGAIN || errno == EWOULDBLOCK ? wanted : ct_broken;
}

int32_t ct_stream_read(ct_stream *stream, void *into, size_t capacity) {
  if (capacity > INT_MAX) capacity = INT_MAX;
  if (!stream->tls) {
    ssize_t result;
    do {
      result = recv(stream->descriptor, into, capacity, 0);
    } while (result < 0 && errno == EINTR);
    return plain_outcome(result, ct_wants_read);
  }
  ERR_clear_error();
  int result = SSL_read(stream->tls, into, (int)capacity);
  return result > 0 ? result : outcome(stream->tls, result);
}

int32_t ct_stream_write(ct_stream *stream, const void *bytes, size_t count) {
  if (count > INT_MAX) count = INT_MAX;
  if (!stream->tls) {
    ssize_t result;
    do {
      result = send(stream->descriptor, bytes, count, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    return plain_outcome(result, ct_wants_write);
  }
  ERR_clear_error();
  int result = SSL_write(stream->tls, bytes, (int)count);
  if (result > 0) return result;
  int32_t reason = outcome(stream->tls, result);
  return reason == 0 ? ct_broken : reason;
}

int32_t ct_stream_has_pending(const ct_stream *stream) { return stream->tls && SSL_has_pending(stream->tls) == 1; }

int32_t ct_stream_peer_key(const ct_stream *stream, uint8_t out[32]) {
  X509 *certificate = stream->tls ? SSL_get0_peer_certificate(stream->tls) : NULL;
  if (!certificate) return 0;
  unsigned char *der = NULL;
  int count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  int good = count > 0 && SHA256(der, (size_t)count, out) != NULL;
  OPENSSL_free(der);
  ERR_clear_error();
  return good;
}

void ct_stream_end(ct_stream *stream) {
  if (stream->tls && SSL_is_init_finished(stream->tls)) {
    ERR_clear_error();
    SSL_shutdown(stream->tls);
    ERR_clear_error();
  }
  shutdown(stream->descriptor, SHUT_WR);
}

int32_t ct_stream_discard(ct_stream *stream) {
  char ignored[16384];
  ssize_t result;
  do {
    result = recv(stream->descriptor, ignored, sizeof ignored, 0);
  } while (result < 0 && errno == EINTR);
  return plain_outcome(result, ct_wants_read);
}
