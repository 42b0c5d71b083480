#include "CTransport.h"
typedef int seed_CTransport;
