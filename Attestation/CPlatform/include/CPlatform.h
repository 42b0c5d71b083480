/* The door to the kernel: processes, signals and memory file systems. No library, no network, no verdicts.
   Functions return 0 (or a value >= 0) when they worked and -errno when they did not, unless said otherwise. */
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* hardening.c */

/* Default action for every signal a crash raises, so that no handler of a runtime prints memory. */
int32_t cplatform_reset_crash_signals(void);
/* No core file, and no other process of this user may read this one's memory. */
int32_t cplatform_forbid_dumps(void);
/* 1 when a dump is possible, 0 when not. */
int32_t cplatform_is_dumpable(void);

/* spawn.c */

/* Everything a child gets; what is not here does not reach it. */
struct cplatform_spawn_plan {
  const char *path;
  char *const *arguments;   /* argv, ends with NULL */
  char *const *environment; /* the whole environment, ends with NULL */
  const char *directory;    /* working directory; NULL: as ours */
  int32_t input, output, error; /* descriptors for 0, 1, 2; -1: /dev/null */
};

/* Starts a program in a session of its own: all signals at default and unblocked, no descriptor but 0, 1, 2, no new
   privileges, no capability, no core file, SIGKILL when the *thread* that called this ends.
   Returns the process id, or -errno of whatever failed, execve included. */
int32_t cplatform_spawn(const struct cplatform_spawn_plan *plan);

/* supervise.c */

/* Blocks the signals a supervisor forwards, and SIGCHLD, in this thread and those it starts later. */
int32_t cplatform_block_supervised_signals(void);
/* A descriptor that reads the blocked signals. */
int32_t cplatform_open_signals(void);
/* The number of one waiting signal, 0 when none waits. */
int32_t cplatform_next_signal(int32_t signals);
/* Orphans below this process become its children. */
int32_t cplatform_become_subreaper(void);
/* A descriptor that becomes readable when the process ends. */
int32_t cplatform_open_process(int32_t process);
/* A descriptor to wake a waiting thread with, and the call that does. */
int32_t cplatform_open_wakeup(void);
int32_t cplatform_wake(int32_t wakeup);
int32_t cplatform_drain_wakeup(int32_t wakeup);
/* Waits until one of the descriptors (-1: none) is readable: a bit each, 0 when the time is over. */
int32_t cplatform_wait(int32_t first, int32_t second, int32_t third, int32_t milliseconds);
/* Reaps one ended child (any when `process` is -1). 1: `*ended` and `*status` are set, where a signal's number is
   given as 128 + number; 0: none has ended; -ECHILD: there is none. */
int32_t cplatform_reap(int32_t process, int32_t *ended, int32_t *status);

/* volume.c */

struct cplatform_volume {
  uint64_t kind; /* the file system's magic number */
  uint64_t free_bytes;
};
enum { CPLATFORM_TMPFS = 0x01021994 };
int32_t cplatform_describe_volume(int32_t directory, struct cplatform_volume *volume);
/* Opens `path` below `directory`, never through a link, never out of it. */
int32_t cplatform_open_beneath(int32_t directory, const char *path, int32_t flags, uint32_t mode);
/* Opens a regular file below `directory` for reading past the page cache; -EINVAL where the file system cannot. */
int32_t cplatform_open_direct(int32_t directory, const char *path);
/* Reads what can be had without waiting for a device: the count, -EAGAIN when nothing can, -EOPNOTSUPP when unknown. */
int64_t cplatform_read_cached(int32_t file, void *bytes, size_t count, int64_t offset);
/* Renames within one directory; -EEXIST when `to` exists. */
int32_t cplatform_rename_new(int32_t directory, const char *from, const char *to);

/* mount.c */

/* This thread, and those it starts later, see mounts of their own; what is mounted elsewhere still appears in them. */
int32_t cplatform_own_mounts(void);
enum { CPLATFORM_HUGE_PAGES = 1, CPLATFORM_NO_SWAP = 2 };
/* A new memory file system of at most `bytes` over `directory`: which of the two it has. */
int32_t cplatform_mount_memory(const char *directory, uint64_t bytes);

#endif
