#include "CFetch.h"
typedef int seed_CFetch;
