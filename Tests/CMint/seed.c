#include "CMint.h"
typedef int seed_CMint;
