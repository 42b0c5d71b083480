// Stands in for libnvidia-ml.so.1 in tests: what it answers is in files beside it, so that each test has
// a copy of its own. Never linked.
#ifndef NVML_STUB_H
#define NVML_STUB_H

int nvmlInit_v2(void);
int nvmlShutdown(void);

#endif
