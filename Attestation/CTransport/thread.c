#include "CTransport.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t ct_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void ct_erase(void *bytes, size_t count) { explicit_bzero(bytes, count); }

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

int32_t ct_thread_start(const char *name, void (*body)(void *), void *context) {
  start *argument = malloc(sizeof *argument);
  if (!argument) return -ENOMEM;
  *argument = (start){body, context};
  sigset_t all, before;
  sigfillset(&all);
  pthread_t thread;
  // The new thread inherits the mask, so there is no moment at which it could take a signal.
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

uint64_t ct_thread_current(void) { return (uint64_t)pthread_self(); }

// The processors that one cpu.max file grants, or 0 when it grants all of them or cannot be read.
static long granted(const char *folder) {
  char path[4200];
  if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder) >= (int)sizeof path) return 0;
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  long quota = 0, period = 0;
  int found = fscanf(file, "%ld %ld", &quota, &period);
  fclose(file);
  return found == 2 && quota > 0 && period > 0 ? (quota + period - 1) / period : 0;
}

// The smallest grant on the way from our own cgroup up to the root.
static long cgroup_limit(void) {
  char line[4096] = "", *folder = NULL;
  FILE *file = fopen("/proc/self/cgroup", "re");
  if (!file) return 0;
  while (!folder && fgets(line, sizeof line, file)) {
    if (strncmp(line, "0::", 3) == 0) folder = line + 3;
  }
  fclose(file);
  if (!folder) return 0;
  folder[strcspn(folder, "\n")] = 0;
  long limit = 0;
  for (;;) {
    if (strcmp(folder, "/") == 0) *folder = 0;
    long here = granted(folder);
    if (here > 0 && (limit == 0 || here < limit)) limit = here;
    char *last = strrchr(folder, '/');
    if (!last) return limit;
    *last = 0;
  }
}

int32_t ct_processor_count(void) {
  cpu_set_t set;
  long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  long limit = cgroup_limit();
  if (limit > 0 && limit < count) count = limit;
  return count < 1 ? 1 : (int32_t)count;
}
