#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "escapes.h"

static int reads(const char *path) {
  char byte;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  int result = read(file, &byte, 1) < 0 ? errno : ESCAPED;
  close(file);
  return result;
}
static int writes(const char *path) { return opened(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)); }
static int makes(const char *path) {
  int result = opened(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (result == ESCAPED) unlink(path);
  return result;
}
static const char *beside_model(const struct facts *facts) {
  static char path[sizeof facts->model + 16];
  snprintf(path, sizeof path, "%s.new", facts->model);
  return path;
}

static int outside_file(const struct facts *facts) { return reads(facts->secret); }
static int outside_through_root(const struct facts *facts) {
  char path[sizeof facts->secret + 32];
  snprintf(path, sizeof path, "/../../../../../..%s", facts->secret);
  return reads(path);
}
static int host_name(const struct facts *facts) { return (void)facts, reads("/etc/machine-id"); }
static int passwords(const struct facts *facts) { return (void)facts, reads("/etc/shadow"); }
static int service_account(const struct facts *facts) {
  return (void)facts, outcome(access("/var/run", F_OK) && access("/run", F_OK) ? -1 : 0);
}
static int home(const struct facts *facts) { return (void)facts, outcome(access("/root", F_OK)); }
static int write_weights(const struct facts *facts) { return writes(facts->model); }
static int cut_weights(const struct facts *facts) { return outcome(truncate(facts->model, 0)); }
static int free_weights(const struct facts *facts) { return outcome(chmod(facts->model, 0666)); }
static int remove_weights(const struct facts *facts) { return outcome(unlink(facts->model)); }
static int rename_weights(const struct facts *facts) { return outcome(rename(facts->model, beside_model(facts))); }
static int add_to_weights(const struct facts *facts) { return makes(beside_model(facts)); }
static int link_weights(const struct facts *facts) { return outcome(link(facts->model, "/tmp/weights")); }
static int reopen_weights(const struct facts *facts) {
  char path[64];
  int file = open(facts->model, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  int result = writes(path);
  close(file);
  return result;
}
static int remount_weights(const struct facts *facts) {
  char path[sizeof facts->model];
  snprintf(path, sizeof path, "%s", facts->model);
  return outcome(mount(NULL, dirname(path), NULL, MS_REMOUNT | MS_BIND, NULL));
}
static int start_from_weights(const struct facts *facts) {
  execl(facts->model, "model", NULL);
  return errno;
}
static int write_root(const struct facts *facts) { return (void)facts, makes("/planted"); }
static int write_system(const struct facts *facts) { return (void)facts, makes("/usr/lib/planted"); }
static int kernel_memory(const struct facts *facts) { return (void)facts, reads("/dev/mem"); }
static int kernel_log(const struct facts *facts) { return (void)facts, reads("/dev/kmsg"); }
static int make_device(const struct facts *facts) {
  (void)facts;
  int result = outcome(mknod("/tmp/device", S_IFBLK | 0600, makedev(254, 0)));
  unlink("/tmp/device");
  return result;
}
static int system_tree(const struct facts *facts) { return (void)facts, outcome(access("/sys/class", F_OK)); }
static int core_pattern(const struct facts *facts) { return (void)facts, writes("/proc/sys/kernel/core_pattern"); }
static int system_request(const struct facts *facts) { return (void)facts, writes("/proc/sysrq-trigger"); }
static int plant_program(const struct facts *facts) {
  char path[sizeof facts->socket + 16];
  snprintf(path, sizeof path, "%s.program", facts->socket);
  int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  if (file < 0) return errno;
  ssize_t count = write(file, "#!/bin/true\n", 12);
  close(file);
  if (count == 12) execl(path, path, NULL);
  int failed = errno;
  unlink(path);
  return failed;
}
static int fill_memory(const struct facts *facts) {
  int file = open("/tmp/large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  int result = outcome(fallocate(file, 0, 0, facts->scratch_bytes + (1 << 20)));
  close(file);
  unlink("/tmp/large");
  return result;
}

const struct escape file_escapes[] = {
    {"outsideFile", "files", outside_file},
    {"outsideThroughRoot", "files", outside_through_root},
    {"machineIdentity", "files", host_name},
    {"passwords", "files", passwords},
    {"serviceAccount", "files", service_account},
    {"home", "files", home},
    {"writeWeights", "files", write_weights},
    {"cutWeights", "files", cut_weights},
    {"freeWeights", "files", free_weights},
    {"renameWeights", "files", rename_weights},
    {"addToWeights", "files", add_to_weights},
    {"linkWeights", "files", link_weights},
    {"reopenWeights", "files", reopen_weights},
    {"removeWeights", "files", remove_weights},
    {"remountWeights", "systemCalls", remount_weights},
    {"startFromWeights", "files", start_from_weights},
    {"writeRoot", "files", write_root},
    {"writeSystem", "files", write_system},
    {"kernelMemory", "files", kernel_memory},
    {"kernelLog", "files", kernel_log},
    {"makeDevice", "", make_device},
    {"systemTree", "files", system_tree},
    {"corePattern", "files", core_pattern},
    {"systemRequest", "files", system_request},
    {"plantProgram", "files", plant_program},
    {"fillMemory", "files", fill_memory},
    {NULL, NULL, NULL},
};
