/* The file system as the room sees it: an empty memory file system, and in it what the plan names. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

#define CALL_MOUNT_SETATTR 442 /* newer than some headers; one number on every architecture */
#define RECURSIVELY 0x8000
enum { LONGEST_PATH = 4096 };

/* Of struct mount_attr, which not every C library has. */
struct attributes {
  uint64_t set, clear, propagation, namespace;
};
#define READ_ONLY 1U
#define NO_SET_ID 2U
#define NO_DEVICES 4U
#define NO_PROGRAMS 8U

static int restrict_tree(const char *target, uint64_t set) {
  struct attributes wanted = {set, 0, 0, 0};
  return syscall(CALL_MOUNT_SETATTR, AT_FDCWD, target, RECURSIVELY, &wanted, sizeof wanted) ? errno : 0;
}

/* Makes the directories of a relative path: all of them, or those above its last name. */
static int make_directories(const char *path, bool last_too) {
  char part[LONGEST_PATH];
  size_t length = strlen(path);
  if (length >= sizeof part) return ENAMETOOLONG;
  for (size_t i = 0; i <= length; i++) {
    if (path[i] != '/' && (path[i] || !last_too)) {
      part[i] = path[i];
      continue;
    }
    part[i] = 0;
    if (i && mkdir(part, 0755) && errno != EEXIST) return errno;
    part[i] = path[i];
  }
  return 0;
}

static int write_file(const char *path, const char *text, mode_t mode) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0) return errno;
  ssize_t count = text ? write(file, text, strlen(text)) : 0;
  int failed = count < 0 ? errno : 0;
  close(file);
  return failed;
}

/* A place for a mount: a directory for a directory, an empty file for anything else. */
static int make_target(const char *source, const char *target) {
  struct stat found;
  if (stat(source, &found)) return errno;
  if (S_ISDIR(found.st_mode)) return make_directories(target, true);
  int failed = make_directories(target, false);
  if (!failed) failed = write_file(target, NULL, 0644);
  return failed == EEXIST ? 0 : failed;
}

static int bind(const struct cplatform_place *place, uint64_t restrictions) {
  int failed = make_target(place->source, place->target);
  if (failed) return failed == ENOENT && place->kind == CPLATFORM_PLACE_READ ? 0 : failed;
  if (mount(place->source, place->target, NULL, MS_BIND | MS_REC, NULL)) return errno;
  return restrict_tree(place->target, restrictions);
}

static int put_memory(const struct cplatform_place *place) {
  int failed = make_directories(place->target, true);
  if (failed) return failed;
  return mount("room", place->target, "tmpfs", MS_NOSUID | MS_NODEV, place->options) ? errno : 0;
}

static int put_processes(const struct cplatform_place *place) {
  int failed = make_directories(place->target, true);
  if (failed) return failed;
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  return mount("proc", place->target, "proc", flags, NULL) ? errno : 0;
}

static int put(const struct cplatform_place *place) {
  int failed;
  switch (place->kind) {
    case CPLATFORM_PLACE_READ: return bind(place, READ_ONLY | NO_SET_ID | NO_DEVICES);
    case CPLATFORM_PLACE_DATA: return bind(place, READ_ONLY | NO_SET_ID | NO_DEVICES | NO_PROGRAMS);
    case CPLATFORM_PLACE_WRITE: return bind(place, NO_SET_ID | NO_DEVICES | NO_PROGRAMS);
    case CPLATFORM_PLACE_DEVICE: return bind(place, NO_SET_ID | NO_PROGRAMS);
    case CPLATFORM_PLACE_MEMORY: return put_memory(place);
    case CPLATFORM_PLACE_PROCESSES: return put_processes(place);
    case CPLATFORM_PLACE_TEXT:
      failed = make_directories(place->target, false);
      return failed ? failed : write_file(place->target, place->source, 0444);
    case CPLATFORM_PLACE_LINK:
      failed = make_directories(place->target, false);
      if (failed) return failed;
      return symlink(place->source, place->target) ? errno : 0;
    default: return EINVAL;
  }
}

/* The new root is put up over /proc, which every system has and no place is taken from. */
static int begin(void) {
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)) return errno;
  if (mount("room", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")) return errno;
  return chdir("/proc") ? errno : 0;
}

static int finish(void) {
  if (syscall(SYS_pivot_root, ".", ".")) return errno;
  if (umount2(".", MNT_DETACH)) return errno; /* the old root, which lies on the new one */
  if (chdir("/")) return errno;
  struct attributes wanted = {READ_ONLY, 0, 0, 0};
  return syscall(CALL_MOUNT_SETATTR, AT_FDCWD, "/", 0, &wanted, sizeof wanted) ? errno : 0;
}

int cplatform_child_enter_view(const struct cplatform_room *room) {
  mode_t mask = umask(0);
  int failed = begin();
  for (size_t i = 0; !failed && i < room->place_count; i++) failed = put(&room->places[i]);
  if (!failed) failed = finish();
  umask(mask);
  return failed;
}
