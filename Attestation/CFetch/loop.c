#include "transfer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct cf_loop {
  CURLM *multi;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode prepared = CURLE_FAILED_INIT;

static void prepare(void) { prepared = curl_global_init(CURL_GLOBAL_DEFAULT); }

typedef struct {
  void (*body)(void *);
  void *context;
} start;

static void *run(void *argument) {
  start given = *(start *)argument;
  free(argument);
  given.body(given.context);
  return NULL;
}

int32_t cf_thread_start(const char *name, void (*body)(void *), void *context) {
  start *argument = malloc(sizeof *argument);
  if (!argument) return -ENOMEM;
  *argument = (start){body, context};
  sigset_t all, before;
  sigfillset(&all);
  pthread_t thread;
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = pthread_create(&thread, NULL, run, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure) {
    free(argument);
    return -failure;
  }
  pthread_setname_np(thread, name);
  pthread_detach(thread);
  return 0;
}

int cf_prepare(void) {
  pthread_once(&once, prepare);
  return prepared == CURLE_OK;
}

cf_loop *cf_loop_new(void) {
  if (!cf_prepare()) return NULL;
  cf_loop *loop = calloc(1, sizeof *loop);
  if (!loop) return NULL;
  loop->multi = curl_multi_init();
  if (loop->multi && curl_multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L) == CURLM_OK) return loop;
  cf_loop_free(loop);
  return NULL;
}

void cf_loop_free(cf_loop *loop) {
  if (!loop) return;
  curl_multi_cleanup(loop->multi);
  free(loop);
}

void cf_loop_wake(cf_loop *loop) { curl_multi_wakeup(loop->multi); }

cf_transfer *cf_loop_start(cf_loop *loop, const cf_request *request, uint64_t token) {
  cf_transfer *transfer = calloc(1, sizeof *transfer);
  if (!transfer) return NULL;
  transfer->token = token;
  transfer->easy = curl_easy_init();
  if (transfer->easy && transfer_configure(transfer, request) &&
      curl_multi_add_handle(loop->multi, transfer->easy) == CURLM_OK)
    return transfer;
  cf_transfer_free(loop, transfer);
  return NULL;
}

static int32_t next_answer(cf_loop *loop, cf_answer *answer) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(loop->multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    cf_transfer *transfer = NULL;
    long status = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    *answer = (cf_answer){.transfer = transfer,
                          .token = transfer->token,
                          .result = transfer_result(transfer, message->data.result),
                          .status = (int32_t)status,
                          .head = transfer->head.bytes,
                          .head_count = transfer->head.count,
                          .body = transfer->body.bytes,
                          .body_count = transfer->body.count};
    return 1;
  }
  return 0;
}

int32_t cf_loop_turn(cf_loop *loop, int32_t milliseconds, cf_answer *answer) {
  int running = 0;
  curl_multi_perform(loop->multi, &running);
  if (next_answer(loop, answer)) return 1;
  curl_multi_poll(loop->multi, NULL, 0, milliseconds, NULL);
  return 0;
}

void cf_transfer_free(cf_loop *loop, cf_transfer *transfer) {
  if (!transfer) return;
  if (transfer->easy) {
    curl_multi_remove_handle(loop->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
  }
  curl_slist_free_all(transfer->lines);
  store_free(&transfer->head);
  store_free(&transfer->body);
  store_free(&transfer->sent);
  free(transfer);
}
