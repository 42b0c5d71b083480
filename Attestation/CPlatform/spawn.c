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

#include "CPlatform.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Between fork and exec only async-signal-safe calls are permitted: the functions marked [child]. */

/* [child] */
static int reset_signals(void) {
  struct sigaction plain;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < 65; number++) sigaction(number, &plain, NULL); /* KILL, STOP and libc's own refuse */
  return 0;
}

/* [child] The wanted descriptors are moved above 2 first, so that none overwrites another. */
static int place_streams(const struct cplatform_spawn_plan *plan) {
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

/* [child] Emptying the bounding set needs a capability, emptying our own sets does not: either one leaves a new
   program without any. */
static int drop_privileges(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none)) return errno;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; capability++)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) && errno != EINVAL && errno != EPERM) return errno;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct empty[2];
  memset(empty, 0, sizeof empty);
  return syscall(SYS_capset, &header, empty) ? errno : 0;
}

/* [child] */
static int become(const struct cplatform_spawn_plan *plan, pid_t parent) {
  reset_signals();
  if (setsid() < 0) return errno;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) return errno;
  if (getppid() != parent) return ESRCH; /* the parent ended before the line above */
  if (plan->directory && chdir(plan->directory)) return errno;
  int failed = place_streams(plan);
  if (!failed) failed = drop_privileges();
  if (failed) return failed;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(plan->path, plan->arguments, plan->environment);
  return errno;
}

/* [child] The report descriptor must survive place_streams at a number that 0, 1, 2 do not take. */
static void run_child(const struct cplatform_spawn_plan *plan, pid_t parent, int report) {
  int failed = become(plan, parent);
  ssize_t ignored = write(report, &failed, sizeof failed);
  (void)ignored;
  _exit(127);
}

static int32_t first_report(int report, pid_t child) {
  int failed = 0;
  ssize_t count;
  do count = read(report, &failed, sizeof failed);
  while (count < 0 && errno == EINTR);
  if (count == 0) return child; /* closed by a successful execve */
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  return count == (ssize_t)sizeof failed && failed > 0 ? -failed : -EIO;
}

int32_t cplatform_spawn(const struct cplatform_spawn_plan *plan) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return -errno;
  int report = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
  if (report < 0) {
    int failed = errno;
    close(ends[0]);
    close(ends[1]);
    return -failed;
  }
  close(ends[1]);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t child = fork();
  int failed = errno;
  if (child == 0) run_child(plan, parent, report);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(report);
  int32_t result = child < 0 ? -failed : first_report(ends[0], child);
  close(ends[0]);
  return result;
}
