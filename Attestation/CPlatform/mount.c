#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

#include "CPlatform.h"

int32_t cplatform_own_mounts(void) {
  if (unshare(CLONE_NEWNS)) return -errno;
  return mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) ? -errno : 0;
}

int32_t cplatform_mount_memory(const char *directory, uint64_t bytes) {
  /* The best first: a kernel that does not know an option refuses all of them. */
  static const struct {
    const char *options;
    int32_t found;
  } kinds[] = {{"huge=within_size,noswap", CPLATFORM_HUGE_PAGES | CPLATFORM_NO_SWAP},
               {"noswap", CPLATFORM_NO_SWAP},
               {"huge=within_size", CPLATFORM_HUGE_PAGES}};
  int32_t failure = -EINVAL;
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    char options[128];
    snprintf(options, sizeof options, "mode=0700,size=%llu,%s", (unsigned long long)bytes, kinds[kind].options);
    if (!mount("none", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)) return kinds[kind].found;
    failure = -errno;
    if (failure != -EINVAL) break;
  }
  return failure;
}
