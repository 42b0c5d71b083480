#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "CPlatform.h"
#include "child.h"

static int become(const struct cplatform_spawn_plan *plan, pid_t parent) {
  cplatform_child_reset_signals();
  if (setsid() < 0) return errno;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) return errno;
  if (getppid() != parent) return ESRCH; /* the parent ended before the line above */
  if (plan->directory && chdir(plan->directory)) return errno;
  int failed = cplatform_child_place_streams(plan);
  if (!failed) failed = cplatform_child_drop_privileges();
  return failed ? failed : cplatform_child_execute(plan);
}

static void run_child(const struct cplatform_spawn_plan *plan, pid_t parent, int report) {
  struct cplatform_child_report failure = {0, become(plan, parent)};
  ssize_t ignored = write(report, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

int32_t cplatform_spawn(const struct cplatform_spawn_plan *plan) {
  int ends[2];
  int failed = cplatform_open_report(ends);
  if (failed) return -failed;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t child = fork();
  failed = errno;
  if (child == 0) run_child(plan, parent, ends[1]);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(ends[1]);
  int32_t wall = 0;
  int32_t result = child < 0 ? -failed : cplatform_first_report(ends[0], child, &wall);
  close(ends[0]);
  return result;
}
