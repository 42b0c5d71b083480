#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "CPlatform.h"

int32_t cplatform_reset_crash_signals(void) {
  static const int crashes[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGQUIT, SIGSYS};
  struct sigaction plain;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = SIG_DFL;
  sigset_t unblocked;
  sigemptyset(&unblocked);
  for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
    if (sigaction(crashes[i], &plain, NULL)) return -errno;
    sigaddset(&unblocked, crashes[i]);
  }
  return -pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL); /* whoever started us may have blocked them */
}

int32_t cplatform_forbid_dumps(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none)) return -errno;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return -errno;
  return 0;
}

int32_t cplatform_is_dumpable(void) {
  struct rlimit core;
  if (getrlimit(RLIMIT_CORE, &core)) return -errno;
  int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (dumpable < 0) return -errno;
  return dumpable != 0 || core.rlim_cur != 0;
}
