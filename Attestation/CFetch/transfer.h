// What the files of this door share; not for its callers.
#ifndef CFETCH_TRANSFER_H
#define CFETCH_TRANSFER_H

#include "CFetch.h"

#include <curl/curl.h>

// Bytes that grow up to a limit and are overwritten wherever they have been.
typedef struct {
  uint8_t *bytes;
  size_t count, capacity, limit;
} store;

// 0 when it would grow past its limit, or there is no memory.
int store_append(store *to, const void *bytes, size_t count);
void store_free(store *held);

struct cf_transfer {
  CURL *easy;
  struct curl_slist *lines;
  uint64_t token;
  store head, body, sent;
  int too_large;
};

// Readies libcurl once for the process; 0 when it lacks something.
int cf_prepare(void);
// Sets every option of the request; 0 when one was refused.
int transfer_configure(cf_transfer *transfer, const cf_request *request);
// The result in the words of this door.
cf_result transfer_result(const cf_transfer *transfer, CURLcode code);

#endif
