#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escapes.h"

static int reads_of(int process, const char *name) {
  char path[64], byte;
  snprintf(path, sizeof path, "/proc/%d/%s", process, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  int result = read(file, &byte, 1) < 0 ? errno : ESCAPED;
  close(file);
  return result;
}

static int agent_memory(const struct facts *facts) { return reads_of(facts->agent, "mem"); }
static int agent_environment(const struct facts *facts) { return reads_of(facts->agent, "environ"); }
static int agent_command(const struct facts *facts) { return reads_of(facts->agent, "cmdline"); }
static int agent_maps(const struct facts *facts) { return reads_of(facts->agent, "maps"); }
static int agent_files(const struct facts *facts) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", facts->agent);
  return opened(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int agent_root(const struct facts *facts) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/root", facts->agent);
  return opened(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int first_memory(const struct facts *facts) { return (void)facts, reads_of(1, "mem"); }
static int first_environment(const struct facts *facts) { return (void)facts, reads_of(1, "environ"); }
static int first_maps(const struct facts *facts) { return (void)facts, reads_of(1, "maps"); }
static int signal_agent(const struct facts *facts) { return outcome(kill(facts->agent, 0)); }
static int trace_agent(const struct facts *facts) { return outcome(ptrace(PTRACE_SEIZE, facts->agent, NULL, NULL)); }
static int trace_first(const struct facts *facts) { return (void)facts, outcome(ptrace(PTRACE_SEIZE, 1, NULL, NULL)); }
static int trace_child(const struct facts *facts) {
  (void)facts;
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  int result = outcome(ptrace(PTRACE_SEIZE, child, NULL, NULL));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return result;
}
static int read_other_memory(const struct facts *facts) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)facts, 1};
  return outcome(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}
static int take_descriptor(const struct facts *facts) {
  (void)facts;
  long process = syscall(434 /* pidfd_open */, getpid(), 0);
  if (process < 0) return errno;
  int result = opened((int)syscall(438 /* pidfd_getfd */, process, 0, 0));
  close((int)process);
  return result;
}
static int shared_memory(const struct facts *facts) { return outcome(shmget(facts->segment, 1, 0)); }

static int root_again(const struct facts *facts) { return (void)facts, outcome(setuid(0)); }
static int root_group(const struct facts *facts) { return (void)facts, outcome(setgid(0)); }
static int raise_capability(const struct facts *facts) {
  (void)facts;
  return outcome(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21 /* CAP_SYS_ADMIN */, 0, 0));
}
static int new_privileges(const struct facts *facts) {
  return (void)facts, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : ESCAPED;
}
static int real_time(const struct facts *facts) {
  (void)facts;
  struct sched_param first = {.sched_priority = 1};
  return outcome(sched_setscheduler(0, SCHED_FIFO, &first));
}
static int lock_much(const struct facts *facts) {
  (void)facts;
  size_t much = 256 << 20;
  void *memory = mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return errno;
  int result = outcome(mlock(memory, much));
  munmap(memory, much);
  return result;
}
static int core_limit(const struct facts *facts) {
  (void)facts;
  struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY}, none = {0, 0};
  int raised = outcome(setrlimit(RLIMIT_CORE, &more));
  return raised == ESCAPED ? ESCAPED : outcome(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL));
}
static int core_file(const struct facts *facts) {
  (void)facts;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    kill(getpid(), SIGABRT);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WCOREDUMP(status) ? ESCAPED : EPERM;
}
static int descriptors(const struct facts *facts) {
  (void)facts;
  int found = EBADF;
  for (int number = 6; number < 4096; number++) /* 3, 4, 5: our listener, the connection, and its copy */
    if (fcntl(number, F_GETFD) >= 0) found = ESCAPED;
  return found;
}

const struct escape process_escapes[] = {
    {"agentMemory", "user", agent_memory},
    {"agentEnvironment", "user", agent_environment},
    {"agentMaps", "user", agent_maps},
    {"agentFiles", "user", agent_files},
    {"agentRoot", "user", agent_root},
    {"agentCommand", "files", agent_command},
    {"signalAgent", "user", signal_agent},
    {"traceAgent", "user", trace_agent},
    {"firstMemory", "user", first_memory},
    {"firstEnvironment", "user", first_environment},
    {"firstMaps", "user", first_maps},
    {"traceFirst", "user", trace_first},
    {"sharedMemory", "processes", shared_memory},
    {"traceChild", "systemCalls", trace_child},
    {"readOtherMemory", "systemCalls", read_other_memory},
    {"takeDescriptor", "systemCalls", take_descriptor},
    {"coreLimit", "systemCalls", core_limit},
    {"rootAgain", "user", root_again},
    {"rootGroup", "user", root_group},
    {"raiseCapability", "", raise_capability},
    {"newPrivileges", "", new_privileges},
    {"realTime", "", real_time},
    {"lockMuch", "", lock_much},
    {"coreFile", "", core_file},
    {"descriptors", "", descriptors},
    {NULL, NULL, NULL},
};
