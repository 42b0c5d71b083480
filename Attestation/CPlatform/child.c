#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

void cplatform_child_reset_signals(void) {
  struct sigaction plain;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < 65; number++) sigaction(number, &plain, NULL); /* KILL, STOP and libc's own refuse */
}

/* The wanted descriptors are moved above 2 first, so that none overwrites another. */
int cplatform_child_place_streams(const struct cplatform_spawn_plan *plan) {
  const int32_t wanted[3] = {plan->input, plan->output, plan->error};
  int moved[3];
  for (int i = 0; i < 3; i++) {
    int source = wanted[i] >= 0 ? wanted[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
    if (source < 0) return errno;
    moved[i] = fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (moved[i] < 0) return errno;
  }
  for (int i = 0; i < 3; i++)
    if (dup2(moved[i], i) < 0) return errno;
  return syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) ? errno : 0;
}

void cplatform_child_empty_bounding_set(void) {
  for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* Emptying the bounding set needs a capability, emptying our own sets does not: either one leaves a new program without
   any. The core limit is 1 and not 0: a kernel that pipes cores to a program heeds no limit but that one. */
int cplatform_child_drop_privileges(void) {
  struct rlimit almost_none = {1, 1};
  if (setrlimit(RLIMIT_CORE, &almost_none)) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none)) return errno;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  cplatform_child_empty_bounding_set();
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct empty[2];
  memset(empty, 0, sizeof empty);
  return syscall(SYS_capset, &header, empty) ? errno : 0;
}

int cplatform_child_execute(const struct cplatform_spawn_plan *plan) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(plan->path, plan->arguments, plan->environment);
  return errno;
}

int cplatform_open_report(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC)) return errno;
  int report = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
  int failed = errno;
  close(ends[1]);
  ends[1] = report;
  if (report >= 0) return 0;
  close(ends[0]);
  return failed;
}

int32_t cplatform_first_report(int source, pid_t child, int32_t *wall) {
  struct cplatform_child_report report = {0, 0};
  ssize_t count;
  do count = read(source, &report, sizeof report);
  while (count < 0 && errno == EINTR);
  if (count == 0) return child; /* closed by a successful execve */
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {} /* another thread may have been faster */
  *wall = report.wall;
  if (count == (ssize_t)sizeof report && report.failed == 0) return 0; /* it did what it was to do, and ended */
  return count == (ssize_t)sizeof report && report.failed > 0 ? -report.failed : -EIO;
}
