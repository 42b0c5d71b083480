#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escapes.h"

/* Two processes and the child's end: a clone that was made is not kept. */
static int cloned(long flags) {
  long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  if (child > 0) waitpid((pid_t)child, NULL, 0);
  return outcome(child);
}

static int unshare_user(const struct facts *facts) { return (void)facts, outcome(unshare(CLONE_NEWUSER)); }
static int clone_user(const struct facts *facts) { return (void)facts, cloned(CLONE_NEWUSER); }
static int clone_network(const struct facts *facts) { return (void)facts, cloned(CLONE_NEWUSER | CLONE_NEWNET); }
static int clone_three(const struct facts *facts) {
  (void)facts;
  struct clone_args wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.flags = CLONE_NEWUSER;
  wanted.exit_signal = SIGCHLD;
  long child = syscall(SYS_clone3, &wanted, sizeof wanted);
  if (child == 0) _exit(0);
  if (child > 0) waitpid((pid_t)child, NULL, 0);
  return outcome(child);
}
static int enter_namespace(const struct facts *facts) {
  (void)facts;
  int own = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  if (own < 0) return NOT_HERE;
  int result = outcome(setns(own, 0));
  close(own);
  return result;
}
static int mount_memory(const struct facts *facts) { return (void)facts, outcome(mount("x", "/tmp", "tmpfs", 0, NULL)); }
static int unmount(const struct facts *facts) { return (void)facts, outcome(umount2("/proc", MNT_DETACH)); }
static int new_mount(const struct facts *facts) {
  return (void)facts, opened((int)syscall(430 /* fsopen */, "tmpfs", 0));
}
static int copy_tree(const struct facts *facts) {
  return (void)facts, opened((int)syscall(428 /* open_tree */, AT_FDCWD, "/", 0));
}
static int change_root(const struct facts *facts) { return (void)facts, outcome(chroot("/tmp")); }
static int file_handle(const struct facts *facts) {
  (void)facts;
  struct {
    unsigned bytes;
    int kind;
    unsigned char handle[8];
  } root = {8, 1, {2, 0, 0, 0, 0, 0, 0, 0}};
  return opened((int)syscall(SYS_open_by_handle_at, AT_FDCWD, &root, O_RDONLY));
}
static int read_keys(const struct facts *facts) {
  return (void)facts, outcome(syscall(SYS_keyctl, 0 /* get keyring */, -3 /* session */, 1));
}
static int add_key(const struct facts *facts) {
  return (void)facts, outcome(syscall(SYS_add_key, "user", "planted", "x", 1, -3));
}
static int load_filter(const struct facts *facts) { return (void)facts, opened((int)syscall(SYS_bpf, 0, NULL, 0)); }
static int user_faults(const struct facts *facts) {
  return (void)facts, opened((int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* of user mode only */));
}
static int ring(const struct facts *facts) {
  (void)facts;
  char parameters[120];
  memset(parameters, 0, sizeof parameters);
  return opened((int)syscall(425 /* io_uring_setup */, 1, parameters));
}
static int counters(const struct facts *facts) {
  (void)facts;
  char attributes[128];
  memset(attributes, 0, sizeof attributes);
  attributes[0] = 1; /* of software */
  attributes[4] = 120;
  return opened((int)syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}
static int other_kernel(const struct facts *facts) { return (void)facts, outcome(syscall(SYS_kexec_load, 0, 0, NULL, 0)); }
static int module(const struct facts *facts) { return (void)facts, outcome(syscall(SYS_init_module, "", 0, "")); }
static int swap(const struct facts *facts) { return (void)facts, outcome(swapon("/tmp", 0)); }
static int clock_of_machine(const struct facts *facts) {
  (void)facts;
  struct timespec never = {-1, -1};
  return outcome(syscall(SYS_clock_settime, 0, &never));
}
static int kernel_messages(const struct facts *facts) {
  char text[16];
  return (void)facts, outcome(syscall(SYS_syslog, 3, text, (int)sizeof text));
}
static int type_into_terminal(const struct facts *facts) {
  (void)facts;
  int terminal = open("/dev/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY);
  int result = outcome(ioctl(terminal < 0 ? 0 : terminal, TIOCSTI, "x"));
  if (terminal >= 0) close(terminal);
  return result;
}
static int executable_data(const struct facts *facts) {
  return (void)facts, outcome(personality(PER_LINUX | READ_IMPLIES_EXEC));
}

#if defined(__x86_64__)
static int call_by_other_number(const struct facts *facts) {
  (void)facts;
  return syscall(SYS_getpid | 0x40000000) > 0 ? 1 : 2; /* 2: this kernel has no such calls */
}
static int other_numbers(const struct facts *facts) {
  int status = in_child(call_by_other_number, facts);
  return status == 1000 + SIGSYS ? EPERM : status == 2 ? NOT_HERE : ESCAPED;
}
static int call_of_other_kind(const struct facts *facts) {
  (void)facts;
  long number = 20; /* getpid */
  __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
  return number > 0 ? 1 : 2;
}
static int other_architecture(const struct facts *facts) {
  int status = in_child(call_of_other_kind, facts);
  if (status == 1000 + SIGSYS) return EPERM;
  return status == 2 || status == 1000 + SIGSEGV ? NOT_HERE : ESCAPED;
}
#endif

const struct escape call_escapes[] = {
    {"unshareUser", "systemCalls", unshare_user},
    {"cloneUser", "systemCalls", clone_user},
    {"cloneNetwork", "systemCalls", clone_network},
    {"cloneThree", "systemCalls", clone_three},
    {"userFaults", "systemCalls", user_faults},
    {"ring", "systemCalls", ring},
    {"counters", "systemCalls", counters},
    {"readKeys", "systemCalls", read_keys},
    {"addKey", "systemCalls", add_key},
    {"executableData", "systemCalls", executable_data},
    {"enterNamespace", "", enter_namespace},
    {"mountMemory", "", mount_memory},
    {"unmount", "", unmount},
    {"newMount", "", new_mount},
    {"copyTree", "systemCalls", copy_tree},
    {"changeRoot", "", change_root},
    {"fileHandle", "", file_handle},
    {"loadFilter", "", load_filter},
    {"otherKernel", "", other_kernel},
    {"module", "", module},
    {"swap", "", swap},
    {"machineClock", "", clock_of_machine},
    {"kernelMessages", "systemCalls", kernel_messages},
    {"typeIntoTerminal", "", type_into_terminal},
#if defined(__x86_64__)
    {"otherNumbers", "systemCalls", other_numbers},
    {"otherArchitecture", "systemCalls", other_architecture},
#endif
    {NULL, NULL, NULL},
};
