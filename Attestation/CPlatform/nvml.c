#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "CPlatform.h"

// Structures and functions of NVIDIA Management Library, as its header has them.
typedef void *device_handle;

struct cc_state {
  uint32_t environment, cc_feature, dev_tools_mode;
};
_Static_assert(sizeof(struct cc_state) == 12, "nvmlConfComputeSystemState_t");

struct gpu_certificate {
  uint32_t chain_size, attestation_chain_size;
  uint8_t chain[0x1000], attestation_chain[CPLATFORM_NVML_CHAIN_MAX];
};
_Static_assert(sizeof(struct gpu_certificate) == 8 + 0x1000 + 0x1400, "nvmlConfComputeGpuCertificate_t");

struct gpu_report {
  uint32_t is_cec_present, report_size, cec_size;
  uint8_t nonce[CPLATFORM_NVML_NONCE], report[CPLATFORM_NVML_REPORT_MAX], cec_report[0x1000];
};
_Static_assert(sizeof(struct gpu_report) == 12 + 32 + 0x2000 + 0x1000, "nvmlConfComputeGpuAttestationReport_t");

struct cplatform_nvml {
  void *library;
  int (*init)(void);
  int (*shutdown)(void);
  int (*count)(unsigned *);
  int (*handle)(unsigned, device_handle *);
  int (*architecture)(device_handle, unsigned *);
  int (*state)(struct cc_state *);
  int (*is_ready)(unsigned *);
  int (*set_ready)(unsigned);
  int (*certificate)(device_handle, struct gpu_certificate *);
  int (*report)(device_handle, struct gpu_report *);
};

static bool find(struct cplatform_nvml *nvml, const char *name, void *place) {
  void *symbol = dlsym(nvml->library, name);
  if (symbol == NULL) return false;
  memcpy(place, &symbol, sizeof symbol);  // a function pointer has no cast from an object's in ISO C
  return true;
}

static bool find_all(struct cplatform_nvml *nvml) {
  return find(nvml, "nvmlInit_v2", &nvml->init) && find(nvml, "nvmlShutdown", &nvml->shutdown) &&
         find(nvml, "nvmlDeviceGetCount_v2", &nvml->count) &&
         find(nvml, "nvmlDeviceGetHandleByIndex_v2", &nvml->handle) &&
         find(nvml, "nvmlDeviceGetArchitecture", &nvml->architecture) &&
         find(nvml, "nvmlSystemGetConfComputeState", &nvml->state) &&
         find(nvml, "nvmlSystemGetConfComputeGpusReadyState", &nvml->is_ready) &&
         find(nvml, "nvmlSystemSetConfComputeGpusReadyState", &nvml->set_ready) &&
         find(nvml, "nvmlDeviceGetConfComputeGpuCertificate", &nvml->certificate) &&
         find(nvml, "nvmlDeviceGetConfComputeGpuAttestationReport", &nvml->report);
}

int32_t cplatform_nvml_open(const char *library, struct cplatform_nvml **opened) {
  *opened = NULL;
  struct cplatform_nvml *made = calloc(1, sizeof *made);
  if (made == NULL) return -ENOMEM;
  made->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  int32_t result = made->library == NULL ? -ENOENT : find_all(made) ? made->init() : -ENOSYS;
  if (result == 0) {
    *opened = made;
    return 0;
  }
  if (made->library != NULL) dlclose(made->library);
  free(made);
  return result;
}

void cplatform_nvml_close(struct cplatform_nvml *nvml) {
  if (nvml == NULL) return;
  nvml->shutdown();
  dlclose(nvml->library);
  free(nvml);
}

int32_t cplatform_nvml_count(const struct cplatform_nvml *nvml, uint32_t *count) { return nvml->count(count); }

int32_t cplatform_nvml_state(const struct cplatform_nvml *nvml, struct cplatform_nvml_state *state) {
  struct cc_state found = {0};
  int32_t result = nvml->state(&found);
  state->environment = found.environment;
  state->is_enabled = found.cc_feature;
  state->has_developer_tools = found.dev_tools_mode;
  return result;
}

int32_t cplatform_nvml_is_ready(const struct cplatform_nvml *nvml, uint32_t *ready) { return nvml->is_ready(ready); }

int32_t cplatform_nvml_set_ready(const struct cplatform_nvml *nvml, uint32_t ready) { return nvml->set_ready(ready); }

int32_t cplatform_nvml_architecture(const struct cplatform_nvml *nvml, uint32_t device, uint32_t *architecture) {
  device_handle handle = NULL;
  int32_t result = nvml->handle(device, &handle);
  return result == 0 ? nvml->architecture(handle, architecture) : result;
}

int32_t cplatform_nvml_chain(const struct cplatform_nvml *nvml, uint32_t device, uint8_t *out, size_t *count) {
  *count = 0;
  device_handle handle = NULL;
  int32_t result = nvml->handle(device, &handle);
  if (result != 0) return result;
  struct gpu_certificate *found = calloc(1, sizeof *found);
  if (found == NULL) return -ENOMEM;
  result = nvml->certificate(handle, found);
  if (result == 0 && found->attestation_chain_size > sizeof found->attestation_chain) result = -EPROTO;
  if (result == 0) {
    *count = found->attestation_chain_size;
    memcpy(out, found->attestation_chain, *count);
  }
  free(found);
  return result;
}

int32_t cplatform_nvml_report(const struct cplatform_nvml *nvml, uint32_t device, const uint8_t *nonce, uint8_t *out,
                              size_t *count) {
  *count = 0;
  device_handle handle = NULL;
  int32_t result = nvml->handle(device, &handle);
  if (result != 0) return result;
  struct gpu_report *found = calloc(1, sizeof *found);
  if (found == NULL) return -ENOMEM;
  memcpy(found->nonce, nonce, sizeof found->nonce);
  result = nvml->report(handle, found);
  if (result == 0 && found->report_size > sizeof found->report) result = -EPROTO;
  if (result == 0) {
    *count = found->report_size;
    memcpy(out, found->report, *count);
  }
  free(found);
  return result;
}
