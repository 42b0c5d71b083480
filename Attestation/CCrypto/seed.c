#include "CCrypto.h"
typedef int seed_CCrypto;
