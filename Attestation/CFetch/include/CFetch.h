// The door to libcurl: many transfers on one thread, each answer kept in memory up to a limit.
//
// Contract: all functions on one loop are called by one thread, except cf_loop_wake. Redirects are never followed,
// proxies and .netrc never taken from the environment. Times are milliseconds, lengths bytes.
#ifndef CFETCH_H
#define CFETCH_H

#include <stddef.h>
#include <stdint.h>

// Runs body(context) on a detached thread of that name with every signal blocked; 0 or a negative errno value.
int32_t cf_thread_start(const char *name, void (*body)(void *), void *context);
// Overwrites memory in a way that the compiler may not remove.
void cf_erase(void *bytes, size_t count);

typedef struct {
  const char *method;
  const char *url;
  // "Name: value" lines; copied.
  const char *const *headers;
  size_t header_count;
  // Copied, and overwritten when the transfer ends. has_body 0 sends none.
  const uint8_t *body;
  size_t body_count;
  int32_t has_body;
  int32_t allow_plain_http;
  int32_t tls13_only;
  // "first-last", or NULL.
  const char *range;
  // PEM. When given, only these authorities are trusted; else the system's are. Must outlive the transfer.
  const uint8_t *authorities;
  size_t authorities_count;
  // PEM bytes (must outlive the transfer) or files; the bytes win.
  const uint8_t *certificate;
  size_t certificate_count;
  const uint8_t *key;
  size_t key_count;
  const char *certificate_file;
  const char *key_file;
  // "sha256//" and base64 of the SHA-256 of the server's SubjectPublicKeyInfo, or NULL.
  const char *pinned_key;
  // "http://host:port", or NULL for none.
  const char *proxy;
  int64_t connect_milliseconds;
  int64_t total_milliseconds;
  size_t largest_head;
  size_t largest_body;
} cf_request;

typedef enum {
  cf_done,
  cf_unresolved,
  cf_unreachable,
  cf_timed_out,
  cf_interrupted,
  cf_tls_failed,
  cf_tls_untrusted,
  cf_tls_misconfigured,
  cf_too_large,
  cf_bad_url,
  cf_bad_reply,
  // What took the answer wanted no more of it.
  cf_stopped,
  cf_failed
} cf_result;

typedef struct cf_loop cf_loop;
typedef struct cf_transfer cf_transfer;

// A finished transfer; what it points to lives until cf_transfer_free.
typedef struct {
  cf_transfer *transfer;
  uint64_t token;
  cf_result result;
  int32_t status;
  // The field lines of the last head, as received.
  const uint8_t *head;
  size_t head_count;
  const uint8_t *body;
  size_t body_count;
} cf_answer;

// NULL when there is no memory or libcurl lacks something that is needed.
cf_loop *cf_loop_new(void);
// No transfer may be left.
void cf_loop_free(cf_loop *loop);
// Ends a cf_loop_turn that is waiting, or the next one. For any thread.
void cf_loop_wake(cf_loop *loop);
// NULL when any option was refused: nothing is ever sent with less protection than was asked for.
cf_transfer *cf_loop_start(cf_loop *loop, const cf_request *request, uint64_t token);
// Waits until something happened, but no longer than `milliseconds`; gives a finished transfer, if there is one.
int32_t cf_loop_turn(cf_loop *loop, int32_t milliseconds, cf_answer *answer);
// Ends the transfer, whether finished or not, and overwrites what it held.
void cf_transfer_free(cf_loop *loop, cf_transfer *transfer);

// Answers that are not kept but handed on as they come, on the caller's thread; its connection stays open between them.
// A stream is used by one thread at a time.
typedef struct cf_stream cf_stream;

// Who takes an answer; 0 from either function ends the transfer.
typedef struct {
  void *context;
  // Called once, with the status and the field lines of the last head.
  int32_t (*begin)(void *context, int32_t status, const uint8_t *head, size_t count);
  int32_t (*take)(void *context, const uint8_t *bytes, size_t count);
} cf_taker;

cf_stream *cf_stream_new(void);
void cf_stream_free(cf_stream *stream);
// `largest_body` is not looked at: who takes the bytes counts them. A transfer below 1 KiB/s for 30 s has timed out.
cf_result cf_stream_get(cf_stream *stream, const cf_request *request, const cf_taker *taker);

#endif
