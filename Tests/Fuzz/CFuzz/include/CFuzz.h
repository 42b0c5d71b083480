#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop as a plain function: an executable of ours keeps its own main.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *bytes, size_t count));
