#include "NVMLStub.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Files beside the library, each with one number unless said otherwise:
//   count state-environment state-feature state-tools ready init-error report-error set-error architecture chain-size
//   report-size  chain-N (PEM) chain-N-after (in its place once GPUs were set ready) stubborn (ready stays as it is)
// A missing file is a default. Every call of the ready state's setter is added to the file `calls`.

static char *path_of(const char *name, char *path, size_t count) {
  Dl_info own = {0};
  if (dladdr((void *)(uintptr_t)&nvmlInit_v2, &own) == 0 || own.dli_fname == NULL) own.dli_fname = "/";
  const char *end = strrchr(own.dli_fname, '/');
  int length = end == NULL ? 0 : (int)(end - own.dli_fname);
  snprintf(path, count, "%.*s/%s", length, own.dli_fname, name);
  return path;
}

static FILE *open_file(const char *name, const char *mode) {
  char path[512];
  return fopen(path_of(name, path, sizeof path), mode);
}

static unsigned number(const char *name, unsigned standard) {
  FILE *file = open_file(name, "r");
  unsigned value = standard;
  if (file != NULL) {
    if (fscanf(file, "%u", &value) != 1) value = standard;
    fclose(file);
  }
  return value;
}

static size_t read_file(const char *name, uint8_t *out, size_t capacity) {
  FILE *file = open_file(name, "r");
  if (file == NULL) return 0;
  size_t count = fread(out, 1, capacity, file);
  fclose(file);
  return count;
}

int nvmlInit_v2(void) { return (int)number("init-error", 0); }
int nvmlShutdown(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = number("count", 0);
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  if (index >= number("count", 0)) return 2;
  *device = (void *)(uintptr_t)(index + 1);
  return 0;
}

int nvmlDeviceGetArchitecture(void *device, unsigned *architecture);
int nvmlDeviceGetArchitecture(void *device, unsigned *architecture) {
  (void)device;
  *architecture = number("architecture", 9);
  return 0;
}

int nvmlSystemGetConfComputeState(uint32_t *state);
int nvmlSystemGetConfComputeState(uint32_t *state) {
  state[0] = number("state-environment", 2);
  state[1] = number("state-feature", 1);
  state[2] = number("state-tools", 0);
  return 0;
}

int nvmlSystemGetConfComputeGpusReadyState(unsigned *ready);
int nvmlSystemGetConfComputeGpusReadyState(unsigned *ready) {
  *ready = number("ready", 0);
  return 0;
}

int nvmlSystemSetConfComputeGpusReadyState(unsigned ready);
int nvmlSystemSetConfComputeGpusReadyState(unsigned ready) {
  FILE *calls = open_file("calls", "a");
  if (calls != NULL) {
    fprintf(calls, "%u\n", ready);
    fclose(calls);
  }
  if (ready != 0 && number("set-error", 0) != 0) return (int)number("set-error", 0);
  if (number("stubborn", 0) != 0) return 0;
  FILE *file = open_file("ready", "w");
  if (file == NULL) return 999;
  fprintf(file, "%u\n", ready);
  fclose(file);
  return 0;
}

int nvmlDeviceGetConfComputeGpuCertificate(void *device, uint8_t *out);
int nvmlDeviceGetConfComputeGpuCertificate(void *device, uint8_t *out) {
  char name[64];
  unsigned index = (unsigned)(uintptr_t)device - 1;
  uint8_t *chain = out + 8 + 0x1000;
  snprintf(name, sizeof name, "chain-%u-after", index);
  size_t count = number("ready", 0) != 0 ? read_file(name, chain, 0x1400) : 0;
  if (count == 0) {
    snprintf(name, sizeof name, "chain-%u", index);
    count = read_file(name, chain, 0x1400);
  }
  uint32_t size = number("chain-size", (unsigned)count);
  memcpy(out + 4, &size, sizeof size);
  return 0;
}

int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, uint8_t *out);
int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, uint8_t *out) {
  if (number("report-error", 0) != 0) return (int)number("report-error", 0);
  const uint8_t request[4] = {0x11, 0xE0, 0x01, 0xFF};
  uint8_t *report = out + 12 + 32;
  memcpy(report, request, sizeof request);
  memcpy(report + 4, out + 12, 32);
  report[36] = 0;
  report[37] = (uint8_t)(uintptr_t)device;
  uint32_t size = number("report-size", 38);
  memcpy(out + 4, &size, sizeof size);
  return 0;
}
