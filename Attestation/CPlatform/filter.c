/* The system calls that an engine has no use for, as a program for the kernel's packet filter. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter of system calls knows x86-64 and aarch64"
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(number) RETURN(SECCOMP_RET_ERRNO | (number))
#define KILL RETURN(SECCOMP_RET_KILL_PROCESS)
/* Skips `count` instructions unless the accumulator is (has one of the bits of, is at least) the value. */
#define UNLESS_EQUAL(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (count))
#define UNLESS_BITS(value, count) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(value), 0, (count))
#define UNLESS_AT_LEAST(value, count) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(value), 0, (count))
#define DENY(call) UNLESS_EQUAL(__NR_##call, 1), REFUSE(EPERM)
/* A call newer than the headers we are built with. */
#define DENY_NUMBER(call) UNLESS_EQUAL((call), 1), REFUSE(EPERM)

/* Arguments are 64 bits; both architectures are little-endian, so the low half comes first. */
#define LOW(argument) LOAD(args[argument])
#define HIGH(argument) \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args[argument]) + sizeof(uint32_t)))

#define X32_CALL_BIT 0x40000000
#define NEW_NAMESPACES                                                                                      \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define ADDRESSES_NOT_RANDOM 0x0040000

static struct sock_filter program[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
    KILL,
    LOAD(nr),
#if defined(__x86_64__)
    UNLESS_AT_LEAST(X32_CALL_BIT, 1), KILL,
#endif

    /* other processes */
    DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(kcmp), DENY_NUMBER(438 /* pidfd_getfd */),
    DENY_NUMBER(440 /* process_madvise */), DENY(perf_event_open), DENY(migrate_pages), DENY(move_pages),

    /* other views of the machine */
    DENY(mount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(unshare), DENY(setns),
    DENY_NUMBER(428 /* open_tree */), DENY_NUMBER(429 /* move_mount */), DENY_NUMBER(430 /* fsopen */),
    DENY_NUMBER(431 /* fsconfig */), DENY_NUMBER(432 /* fsmount */), DENY_NUMBER(433 /* fspick */),
    DENY_NUMBER(442 /* mount_setattr */), DENY_NUMBER(467 /* open_tree_attr */), DENY(name_to_handle_at),
    DENY(open_by_handle_at), DENY(fanotify_init), DENY(fanotify_mark), DENY(quotactl), DENY_NUMBER(443 /* quotactl_fd */),

    /* the kernel itself */
    DENY(bpf), DENY(keyctl), DENY(add_key), DENY(request_key), DENY(kexec_load), DENY(init_module), DENY(finit_module),
    DENY(delete_module), DENY(userfaultfd), DENY_NUMBER(425 /* io_uring_setup */), DENY_NUMBER(426 /* io_uring_enter */),
    DENY_NUMBER(427 /* io_uring_register */), DENY(syslog), DENY(reboot), DENY(swapon), DENY(swapoff), DENY(acct),
    DENY(vhangup), DENY(settimeofday), DENY(clock_settime), DENY(clock_adjtime), DENY(adjtimex), DENY(sethostname),
    DENY(setdomainname), DENY(kexec_file_load), DENY(lookup_dcookie), DENY(nfsservctl),
#if defined(__x86_64__)
    DENY(iopl), DENY(ioperm), DENY(modify_ldt), DENY(uselib), DENY(ustat), DENY(sysfs), DENY(_sysctl),
#endif

    /* New namespaces. clone3 hides its flags in memory; a C library that is told there is none uses clone. */
    UNLESS_EQUAL(__NR_clone3, 1), REFUSE(ENOSYS),
    UNLESS_EQUAL(__NR_clone, 4), LOW(0), UNLESS_BITS(NEW_NAMESPACES, 1), REFUSE(EPERM), ALLOW,

    /* Sockets: one's own machine's. A virtual socket would end at the host, whatever the network namespace is. */
    UNLESS_EQUAL(__NR_socket, 12), LOW(0), UNLESS_EQUAL(AF_UNIX, 1), ALLOW, UNLESS_EQUAL(AF_INET, 1), ALLOW,
    UNLESS_EQUAL(AF_INET6, 1), ALLOW, UNLESS_EQUAL(AF_NETLINK, 3), LOW(2), UNLESS_EQUAL(0, 1), ALLOW,
    REFUSE(EAFNOSUPPORT),
    UNLESS_EQUAL(__NR_socketpair, 4), LOW(0), UNLESS_EQUAL(AF_UNIX, 1), ALLOW, REFUSE(EAFNOSUPPORT),

    /* Typing into somebody's terminal. */
    UNLESS_EQUAL(__NR_ioctl, 6), LOW(1), UNLESS_EQUAL(TIOCSTI, 1), REFUSE(EPERM), UNLESS_EQUAL(TIOCLINUX, 1),
    REFUSE(EPERM), ALLOW,

    /* The limit on core files stays what it is: 0 would let a kernel pipe them. */
#if defined(__NR_setrlimit)
    UNLESS_EQUAL(__NR_setrlimit, 4), LOW(0), UNLESS_EQUAL(RLIMIT_CORE, 1), REFUSE(EPERM), ALLOW,
#endif
    UNLESS_EQUAL(__NR_prlimit64, 9), LOW(1), UNLESS_EQUAL(RLIMIT_CORE, 6), LOW(2), UNLESS_EQUAL(0, 3), HIGH(2),
    UNLESS_EQUAL(0, 1), ALLOW, REFUSE(EPERM), ALLOW,

    /* Another personality only to have addresses that are not random, or to ask for one's own. */
    UNLESS_EQUAL(__NR_personality, 8), LOW(0), UNLESS_EQUAL(0, 1), ALLOW, UNLESS_EQUAL(ADDRESSES_NOT_RANDOM, 1), ALLOW,
    UNLESS_EQUAL(0xFFFFFFFF, 1), ALLOW, REFUSE(EPERM),

    ALLOW,
};

int cplatform_child_filter_calls(void) {
  struct sock_fprog whole = {(unsigned short)(sizeof program / sizeof program[0]), program};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) ? errno : 0;
}
