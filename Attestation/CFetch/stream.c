#include "transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STALL_BYTES_PER_SECOND 1024L
#define RECEIVE_BUFFER (512L * 1024)

struct cf_stream {
  CURL *easy;
};

typedef struct {
  cf_transfer transfer;
  const cf_taker *taker;
  int has_begun;
  int is_stopped;
} passage;

static int begin(passage *now) {
  long status = 0;
  now->has_begun = 1;
  curl_easy_getinfo(now->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  const cf_taker *taker = now->taker;
  now->is_stopped = !taker->begin(taker->context, (int32_t)status, now->transfer.head.bytes, now->transfer.head.count);
  return !now->is_stopped;
}

static size_t pass_on(char *bytes, size_t size, size_t count, void *context) {
  passage *now = context;
  if (!now->has_begun && !begin(now)) return 0;
  if (now->taker->take(now->taker->context, (const uint8_t *)bytes, size * count)) return size * count;
  now->is_stopped = 1;
  return 0;
}

cf_stream *cf_stream_new(void) {
  if (!cf_prepare()) return NULL;
  cf_stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->easy = curl_easy_init();
  if (stream->easy) return stream;
  free(stream);
  return NULL;
}

void cf_stream_free(cf_stream *stream) {
  if (!stream) return;
  curl_easy_cleanup(stream->easy);
  free(stream);
}

static int configure(passage *now, const cf_request *request) {
  CURL *easy = now->transfer.easy;
  if (!transfer_configure(&now->transfer, request)) return 0;
  return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_on) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_WRITEDATA, now) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_SECOND) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 30L) == CURLE_OK;
}

cf_result cf_stream_get(cf_stream *stream, const cf_request *request, const cf_taker *taker) {
  passage now = {.transfer = {.easy = stream->easy}, .taker = taker};
  curl_easy_reset(stream->easy);
  cf_result result = cf_tls_misconfigured;
  if (configure(&now, request)) {
    CURLcode code = curl_easy_perform(stream->easy);
    // An answer without a body has a head all the same.
    if (code == CURLE_OK && !now.has_begun) begin(&now);
    result = now.is_stopped ? cf_stopped : transfer_result(&now.transfer, code);
  }
  // The options point to memory of the caller and of this frame; the connection stays.
  curl_easy_reset(stream->easy);
  curl_slist_free_all(now.transfer.lines);
  store_free(&now.transfer.head);
  store_free(&now.transfer.body);
  store_free(&now.transfer.sent);
  return result;
}
