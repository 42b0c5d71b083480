/* The door to the kernel: processes, signals, memory file systems and, by dlopen, GPUs. No network, no verdicts.
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
   privileges, no capability, no core, SIGKILL when the *thread* that called this ends.
   Returns the process id, or -errno of whatever failed, execve included. */
int32_t cplatform_spawn(const struct cplatform_spawn_plan *plan);

/* room.c, view.c, filter.c */

/* What separates a program from everything else in its machine. No new privileges, no capability, no core file, no
   foreign descriptor and the limits below come with every room. */
enum cplatform_wall {
  CPLATFORM_WALL_USER = 1,      /* its own user and group, without any other group */
  CPLATFORM_WALL_NETWORK = 2,   /* its own network: a loopback interface and nothing else */
  CPLATFORM_WALL_FILES = 4,     /* its own view of the file system: the places named, and nothing else */
  CPLATFORM_WALL_PROCESSES = 8, /* its own processes, shared memory segments and message queues */
  CPLATFORM_WALL_CALLS = 16,    /* a filter of system calls */
};

enum cplatform_place_kind {
  CPLATFORM_PLACE_READ = 1,  /* a file or directory, read-only; left out when it is not there */
  CPLATFORM_PLACE_DATA,      /* read-only, and no program in it can be started */
  CPLATFORM_PLACE_WRITE,     /* a directory to write to, in which no program can be started */
  CPLATFORM_PLACE_DEVICE,    /* a device */
  CPLATFORM_PLACE_MEMORY,    /* an empty memory file system; `options` are tmpfs' own */
  CPLATFORM_PLACE_PROCESSES, /* the room's processes, as /proc */
  CPLATFORM_PLACE_TEXT,      /* a file with `source` for its text */
  CPLATFORM_PLACE_LINK,      /* a symbolic link to `source` */
};

struct cplatform_place {
  int32_t kind;
  const char *source;
  const char *target; /* relative to the room's root */
  const char *options;
};

struct cplatform_room {
  uint32_t walls;       /* those to build */
  uint32_t user, group; /* with CPLATFORM_WALL_USER */
  const struct cplatform_place *places; /* made in this order */
  size_t place_count;
  uint64_t open_files, threads, locked_bytes; /* limits of a process, of the user, of a process */
};

/* Starts a program as cplatform_spawn does, behind the walls. With CPLATFORM_WALL_PROCESSES the process that is returned
   is the room's first: it passes signals to the program's group, ends with the program's status (128 + number for a
   signal), and with it ends all that is in the room.
   When a wall cannot be built nothing is started: -errno, and `*wall` is that wall; 0: something else failed.
   Without a plan the walls are built and gone again, and 0 is returned. */
int32_t cplatform_spawn_in_room(const struct cplatform_spawn_plan *plan, const struct cplatform_room *room, int32_t *wall);

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
/* A pipe that no program of ours inherits. */
int32_t cplatform_open_pipe(int32_t *source, int32_t *sink);
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

/* nvml.c */

/* The vendor's library for GPUs, found at run time; nothing is linked. */
struct cplatform_nvml;

/* What the library answers when it does not do what was asked is given as a positive number of its own; -errno is ours:
   -ENOENT: there is no such library, -ENOSYS: it lacks a function, -EPROTO: it gave an impossible size. */
enum { CPLATFORM_NVML_CHAIN_MAX = 0x1400, CPLATFORM_NVML_REPORT_MAX = 0x2000, CPLATFORM_NVML_NONCE = 32 };

/* The state of confidential computing, as the library numbers it. */
struct cplatform_nvml_state {
  uint32_t environment; /* 0 none, 1 a simulation, 2 production */
  uint32_t is_enabled;
  uint32_t has_developer_tools;
};

int32_t cplatform_nvml_open(const char *library, struct cplatform_nvml **opened);
void cplatform_nvml_close(struct cplatform_nvml *nvml);
int32_t cplatform_nvml_count(const struct cplatform_nvml *nvml, uint32_t *count);
int32_t cplatform_nvml_state(const struct cplatform_nvml *nvml, struct cplatform_nvml_state *state);
int32_t cplatform_nvml_is_ready(const struct cplatform_nvml *nvml, uint32_t *ready);
int32_t cplatform_nvml_set_ready(const struct cplatform_nvml *nvml, uint32_t ready);
/* 9 Hopper, 10 Blackwell. */
int32_t cplatform_nvml_architecture(const struct cplatform_nvml *nvml, uint32_t device, uint32_t *architecture);
/* PEM, the device's own certificate first. */
int32_t cplatform_nvml_chain(const struct cplatform_nvml *nvml, uint32_t device, uint8_t *out, size_t *count);
/* Request and answer, one behind the other. */
int32_t cplatform_nvml_report(const struct cplatform_nvml *nvml, uint32_t device, const uint8_t *nonce, uint8_t *out,
                              size_t *count);

#endif
