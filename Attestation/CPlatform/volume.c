#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "CPlatform.h"

int32_t cplatform_describe_volume(int32_t directory, struct cplatform_volume *volume) {
  struct statfs found;
  if (fstatfs(directory, &found)) return -errno;
  volume->kind = (uint64_t)found.f_type & 0xFFFFFFFF;
  volume->free_bytes = (uint64_t)found.f_bavail * (uint64_t)found.f_bsize;
  return 0;
}

int32_t cplatform_open_beneath(int32_t directory, const char *path, int32_t flags, uint32_t mode) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (uint32_t)(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long descriptor = -1;
  for (int attempt = 0; attempt < 16 && descriptor < 0; attempt++) { /* EAGAIN: renamed while it was walked */
    descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (descriptor < 0 && errno != EINTR && errno != EAGAIN) break;
  }
  return descriptor < 0 ? -errno : (int32_t)descriptor;
}

int32_t cplatform_open_direct(int32_t directory, const char *path) {
  return cplatform_open_beneath(directory, path, O_RDONLY | O_NONBLOCK | O_DIRECT, 0);
}

int64_t cplatform_read_cached(int32_t file, void *bytes, size_t count, int64_t offset) {
  struct iovec place = {bytes, count};
  ssize_t done = preadv2(file, &place, 1, offset, RWF_NOWAIT);
  return done < 0 ? -errno : done;
}

int32_t cplatform_rename_new(int32_t directory, const char *from, const char *to) {
  return renameat2(directory, from, directory, to, RENAME_NOREPLACE) ? -errno : 0;
}
