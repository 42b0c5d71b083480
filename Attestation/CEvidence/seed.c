#include "CEvidence.h"
typedef int seed_CEvidence;
