/* Ways out of an engine's room. Each is tried, and tells what stopped it. */
#ifndef ESCAPES_H
#define ESCAPES_H

#include <stddef.h>

/* What there is outside, as whoever plays the outside says. */
struct facts {
  char model[4096];    /* a file of the opened model, inside the room too */
  char secret[4096];   /* a file outside */
  char abstract[108];  /* the name of an abstract socket, without its NUL */
  char other[108];     /* a socket in the file system, outside */
  char socket[4096];   /* our own socket */
  int agent;           /* the agent's process number, outside */
  int port, guest;     /* ports that somebody listens at on 127.0.0.1: anybody, and the guest components */
  int segment;         /* the key of a shared memory segment */
  long scratch_bytes;  /* what /tmp may hold */
};

enum { ESCAPED = 0, NOT_HERE = -1 };

struct escape {
  const char *name, *wall;
  /* ESCAPED, NOT_HERE where this machine has no such way, or the errno that stopped it. */
  int (*attempt)(const struct facts *facts);
};

extern const struct escape network_escapes[], file_escapes[], process_escapes[], call_escapes[];

/* Of a system call's result: ESCAPED, or why not. */
int outcome(long result);
/* As `outcome`, and closes the descriptor that was got. */
int opened(int descriptor);
/* What became of `body` in a process of its own: the signal that ended it as 1000 + number, else its status. */
int in_child(int (*body)(const struct facts *facts), const struct facts *facts);

#endif
