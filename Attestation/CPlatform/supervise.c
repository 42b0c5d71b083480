#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CPlatform.h"

static void supervised(sigset_t *set) {
  static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD};
  sigemptyset(set);
  for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++) sigaddset(set, forwarded[i]);
}

int32_t cplatform_block_supervised_signals(void) {
  sigset_t set;
  supervised(&set);
  return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int32_t cplatform_open_signals(void) {
  sigset_t set;
  supervised(&set);
  int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

int32_t cplatform_next_signal(int32_t signals) {
  struct signalfd_siginfo one;
  ssize_t count;
  do count = read(signals, &one, sizeof one);
  while (count < 0 && errno == EINTR);
  if (count == (ssize_t)sizeof one) return (int32_t)one.ssi_signo;
  return count < 0 && errno != EAGAIN ? -errno : 0;
}

int32_t cplatform_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? -errno : 0; }

int32_t cplatform_open_process(int32_t process) {
  long descriptor = syscall(SYS_pidfd_open, process, 0);
  return descriptor < 0 ? -errno : (int32_t)descriptor;
}

int32_t cplatform_open_pipe(int32_t *source, int32_t *sink) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return -errno;
  *source = ends[0];
  *sink = ends[1];
  return 0;
}

int32_t cplatform_open_wakeup(void) {
  int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

int32_t cplatform_wake(int32_t wakeup) { return eventfd_write(wakeup, 1) ? -errno : 0; }

int32_t cplatform_drain_wakeup(int32_t wakeup) {
  eventfd_t count;
  return eventfd_read(wakeup, &count) && errno != EAGAIN ? -errno : 0;
}

int32_t cplatform_wait(int32_t first, int32_t second, int32_t third, int32_t milliseconds) {
  struct pollfd all[3] = {{first, POLLIN, 0}, {second, POLLIN, 0}, {third, POLLIN, 0}};
  int count = poll(all, 3, milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  int32_t ready = 0;
  for (int i = 0; i < 3; i++)
    if (all[i].revents) ready |= 1 << i;
  return ready;
}

int32_t cplatform_reap(int32_t process, int32_t *ended, int32_t *status) {
  int raw = 0;
  pid_t child;
  do child = waitpid(process, &raw, WNOHANG);
  while (child < 0 && errno == EINTR);
  if (child <= 0) return child < 0 ? -errno : 0;
  *ended = child;
  *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  return 1;
}
