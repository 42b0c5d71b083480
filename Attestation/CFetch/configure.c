#include "transfer.h"

#include <string.h>

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
  cf_transfer *transfer = context;
  if (store_append(&transfer->body, bytes, size * count)) return size * count;
  transfer->too_large = 1;
  return 0;
}

// Keeps the field lines of the last head: an interim response begins a new one.
static size_t take_head(char *bytes, size_t size, size_t count, void *context) {
  cf_transfer *transfer = context;
  size_t total = size * count;
  if (total >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
    transfer->head.count = 0;
    return total;
  }
  if (store_append(&transfer->head, bytes, total)) return total;
  transfer->too_large = 1;
  return 0;
}

// Collects refusals, so that one check at the end sees them all.
typedef struct {
  CURL *easy;
  int refused;
} options;

static void set_number(options *to, CURLoption option, int64_t value) {
  to->refused |= curl_easy_setopt(to->easy, option, (long)value) != CURLE_OK;
}

static void set_text(options *to, CURLoption option, const char *value) {
  to->refused |= curl_easy_setopt(to->easy, option, value) != CURLE_OK;
}

static void set_pointer(options *to, CURLoption option, void *value) {
  to->refused |= curl_easy_setopt(to->easy, option, value) != CURLE_OK;
}

static void set_blob(options *to, CURLoption option, const uint8_t *bytes, size_t count) {
  // libcurl does not write to a blob; its type merely cannot say so.
  struct curl_blob blob = {.len = count, .flags = CURL_BLOB_NOCOPY};
  memcpy(&blob.data, &bytes, sizeof blob.data);
  to->refused |= curl_easy_setopt(to->easy, option, &blob) != CURLE_OK;
}

static void set_trust(options *to, const cf_request *request) {
  set_number(to, CURLOPT_SSL_VERIFYPEER, 1);
  set_number(to, CURLOPT_SSL_VERIFYHOST, 2);
  set_number(to, CURLOPT_SSLVERSION, request->tls13_only ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2);
  if (request->authorities) {
    set_text(to, CURLOPT_CAINFO, NULL);
    set_text(to, CURLOPT_CAPATH, NULL);
    set_blob(to, CURLOPT_CAINFO_BLOB, request->authorities, request->authorities_count);
  }
  if (request->pinned_key) set_text(to, CURLOPT_PINNEDPUBLICKEY, request->pinned_key);
}

static void set_credentials(options *to, const cf_request *request) {
  if (request->certificate) {
    set_blob(to, CURLOPT_SSLCERT_BLOB, request->certificate, request->certificate_count);
  } else if (request->certificate_file) {
    set_text(to, CURLOPT_SSLCERT, request->certificate_file);
  }
  if (request->key) {
    set_blob(to, CURLOPT_SSLKEY_BLOB, request->key, request->key_count);
  } else if (request->key_file) {
    set_text(to, CURLOPT_SSLKEY, request->key_file);
  }
}

static void set_limits(options *to, const cf_request *request) {
  set_number(to, CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
  set_number(to, CURLOPT_TIMEOUT_MS, request->total_milliseconds);
  to->refused |= curl_easy_setopt(to->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->largest_body) != CURLE_OK;
  set_number(to, CURLOPT_FOLLOWLOCATION, 0);
  set_number(to, CURLOPT_NOSIGNAL, 1);
  set_number(to, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  set_number(to, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
  set_text(to, CURLOPT_PROTOCOLS_STR, request->allow_plain_http ? "http,https" : "https");
  set_text(to, CURLOPT_PROXY, request->proxy ? request->proxy : "");
  set_number(to, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

static void set_message(options *to, cf_transfer *transfer, const cf_request *request) {
  for (size_t i = 0; i < request->header_count; i++) {
    struct curl_slist *longer = curl_slist_append(transfer->lines, request->headers[i]);
    if (longer) transfer->lines = longer;
    to->refused |= !longer;
  }
  if (transfer->lines) set_pointer(to, CURLOPT_HTTPHEADER, transfer->lines);
  if (request->range) set_text(to, CURLOPT_RANGE, request->range);
  set_text(to, CURLOPT_URL, request->url);
  if (request->has_body) {
    to->refused |= !store_append(&transfer->sent, request->body, request->body_count);
    const char *bytes = transfer->sent.count ? (const char *)transfer->sent.bytes : "";
    to->refused |= curl_easy_setopt(to->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_count) != CURLE_OK;
    set_text(to, CURLOPT_POSTFIELDS, bytes);
  } else if (strcmp(request->method, "HEAD") == 0) {
    set_number(to, CURLOPT_NOBODY, 1);
  }
  set_text(to, CURLOPT_CUSTOMREQUEST, request->method);
}

int transfer_configure(cf_transfer *transfer, const cf_request *request) {
  options to = {transfer->easy, 0};
  transfer->head.limit = request->largest_head;
  transfer->body.limit = request->largest_body;
  transfer->sent.limit = SIZE_MAX / 4;
  set_trust(&to, request);
  set_credentials(&to, request);
  set_limits(&to, request);
  set_message(&to, transfer, request);
  to.refused |= curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK;
  to.refused |= curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, take_head) != CURLE_OK;
  set_pointer(&to, CURLOPT_WRITEDATA, transfer);
  set_pointer(&to, CURLOPT_HEADERDATA, transfer);
  set_pointer(&to, CURLOPT_PRIVATE, transfer);
  return !to.refused;
}

cf_result transfer_result(const cf_transfer *transfer, CURLcode code) {
  if (transfer->too_large) return cf_too_large;
  switch (code) {
    case CURLE_OK: return cf_done;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return cf_unresolved;
    case CURLE_COULDNT_CONNECT: return cf_unreachable;
    case CURLE_OPERATION_TIMEDOUT: return cf_timed_out;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE: return cf_interrupted;
    case CURLE_SSL_CONNECT_ERROR: return cf_tls_failed;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ISSUER_ERROR: return cf_tls_untrusted;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED: return cf_tls_misconfigured;
    case CURLE_FILESIZE_EXCEEDED: return cf_too_large;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_LOGIN_DENIED:
    case CURLE_URL_MALFORMAT: return cf_bad_url;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return cf_bad_reply;
    default: return cf_failed;
  }
}
