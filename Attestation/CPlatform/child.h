/* What a child does between fork and execve. Nothing here allocates, locks or calls anything that is not
   async-signal-safe: the parent has other threads, and the child has none of them. Functions return 0 or an errno. */
#ifndef CPLATFORM_CHILD_H
#define CPLATFORM_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "CPlatform.h"

/* Every signal at its default action. */
void cplatform_child_reset_signals(void);
/* Standard streams as planned; every other descriptor is closed, at the latest by execve. */
int cplatform_child_place_streams(const struct cplatform_spawn_plan *plan);
/* As far as this process may; the right to goes with its user. */
void cplatform_child_empty_bounding_set(void);
/* No core file and no core pipe, no new privileges, no capability. */
int cplatform_child_drop_privileges(void);
/* Replaces the process; an errno when that failed. */
int cplatform_child_execute(const struct cplatform_spawn_plan *plan);
/* Installs the filter of system calls: filter.c. */
int cplatform_child_filter_calls(void);
/* Builds the room's view of the file system and enters it: view.c. */
int cplatform_child_enter_view(const struct cplatform_room *room);

/* What a child that failed writes to its parent. */
struct cplatform_child_report {
  int32_t wall; /* the wall it was building, 0: none */
  int32_t failed;
};
/* Reads the report: `child` when execve closed the pipe; otherwise waits for the child's end and returns -errno, or 0 when
   the child said that nothing failed. */
int32_t cplatform_first_report(int source, pid_t child, int32_t *wall);
/* A pipe that execve closes; the end to write to is above 2. */
int cplatform_open_report(int ends[2]);

#endif
