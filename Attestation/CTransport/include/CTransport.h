// The door to libssl, sockets and epoll. It knows descriptors, TLS and time; it knows nothing of HTTP.
//
// Contract: no function raises a signal in its caller (threads made here have every signal blocked), none logs,
// none keeps a pointer given to it unless its comment says so. Lengths are bytes, times milliseconds of the
// monotonic clock unless said otherwise. Functions returning int32_t give a negative errno value on failure.
#ifndef CTRANSPORT_H
#define CTRANSPORT_H

#include <stddef.h>
#include <stdint.h>

// MARK: threads, time, memory

uint64_t ct_now(void);
// Overwrites memory in a way that the compiler may not remove.
void ct_erase(void *bytes, size_t count);
// Runs body(context) on a detached thread of that name (at most 15 characters) with every signal blocked.
int32_t ct_thread_start(const char *name, void (*body)(void *), void *context);
uint64_t ct_thread_current(void);
// Processors this process may use: the affinity mask, capped by cgroup v2 cpu.max (rounded up), at least 1.
int32_t ct_processor_count(void);

// MARK: readiness

enum { ct_readable = 1, ct_writable = 2, ct_half_closed = 4, ct_hung_up = 8 };
typedef struct {
  uint64_t token;
  uint32_t ready;
  uint32_t unused;
} ct_event;

int32_t ct_poll_open(void);
int32_t ct_poll_add(int32_t poll, int32_t descriptor, uint32_t interest, uint64_t token);
int32_t ct_poll_change(int32_t poll, int32_t descriptor, uint32_t interest, uint64_t token);
int32_t ct_poll_remove(int32_t poll, int32_t descriptor);
// Waits at most `milliseconds` (-1: without end) and fills up to `capacity` (at most 256) events.
int32_t ct_poll_wait(int32_t poll, ct_event *events, int32_t capacity, int32_t milliseconds);
int32_t ct_wake_open(void);
void ct_wake(int32_t descriptor);
void ct_wake_clear(int32_t descriptor);
void ct_close(int32_t descriptor);

// MARK: sockets

// An IPv4 (4 bytes) or IPv6 (16 bytes) address in network order; IPv4-mapped IPv6 is given as IPv4.
typedef struct {
  uint8_t bytes[16];
  uint8_t count;
  uint16_t port;
} ct_address;

int32_t ct_listen(const char *host, uint16_t port, int32_t backlog);
// The next waiting connection, non-blocking and close-on-exec, with TCP_NODELAY.
int32_t ct_accept(int32_t listener, ct_address *peer);
int32_t ct_local_address(int32_t descriptor, ct_address *local);
// Writes the address as text without brackets or port.
void ct_address_text(const ct_address *address, char out[46]);
// A descriptor kept back, so that one connection can be taken and closed when there are no others left.
int32_t ct_spare_open(void);
int32_t ct_is_descriptor_shortage(int32_t result);
int32_t ct_is_nothing_waiting(int32_t result);

// MARK: TLS

typedef enum {
  ct_identity_good,
  ct_identity_no_memory,
  ct_identity_bad_certificate,
  ct_identity_broken_chain,
  ct_identity_bad_key,
  ct_identity_weak_key,
  ct_identity_key_mismatch,
  ct_identity_not_yet_valid,
  ct_identity_expired
} ct_identity_verdict;

typedef enum { ct_clients_anonymous, ct_clients_may_present, ct_clients_must_present } ct_client_certificates;

typedef struct ct_identity ct_identity;
typedef struct ct_context ct_context;
typedef struct ct_stream ct_stream;

// A certificate chain (leaf first, PEM) with its private key (PEM, not encrypted), checked as one: the key belongs to
// the leaf, every certificate is signed by the next, all are valid at `now` (seconds since 1970).
ct_identity *ct_identity_new(const void *certificates, size_t certificates_count, const void *key, size_t key_count,
                             int64_t now, ct_identity_verdict *verdict);
void ct_identity_free(ct_identity *identity);
// The earliest notAfter of the chain, in seconds since 1970.
int64_t ct_identity_not_after(const ct_identity *identity);
// DNS and IP names of the leaf, each followed by a newline; returns the length, cut to what fits.
size_t ct_identity_names(const ct_identity *identity, char *out, size_t capacity);

// A TLS 1.3 server context: no tickets, no early data, ALPN http/1.1 or none. The identity may be freed afterwards.
// A client certificate is taken when its key is strong and the client proves to hold it: whose key it is, is for the
// caller to judge by ct_stream_peer_key.
ct_context *ct_context_new(const ct_identity *identity, ct_client_certificates clients);
void ct_context_free(ct_context *context);

// MARK: streams

enum { ct_wants_read = -1, ct_wants_write = -2, ct_broken = -3 };

// Takes over the descriptor. context NULL: plain. The context may be freed before the stream.
ct_stream *ct_stream_new(int32_t descriptor, const ct_context *context);
void ct_stream_free(ct_stream *stream);
int32_t ct_stream_descriptor(const ct_stream *stream);
// 1 when done; else ct_wants_read, ct_wants_write or ct_broken.
int32_t ct_stream_handshake(ct_stream *stream);
// > 0: bytes; 0: the peer has ended its side; else one of the three above.
int32_t ct_stream_read(ct_stream *stream, void *into, size_t capacity);
int32_t ct_stream_write(ct_stream *stream, const void *bytes, size_t count);
// Whether bytes already received wait inside the TLS layer, where readiness events do not see them.
int32_t ct_stream_has_pending(const ct_stream *stream);
// SHA-256 of the SubjectPublicKeyInfo (DER) of the client's certificate; 0 when it gave none.
int32_t ct_stream_peer_key(const ct_stream *stream, uint8_t out[32]);
// Tells the peer that nothing more will be written. Best effort.
void ct_stream_end(ct_stream *stream);
// Reads raw bytes and throws them away: > 0, 0 at the end, or as ct_stream_read.
int32_t ct_stream_discard(ct_stream *stream);

#endif
