#include "CPlatform.h"
typedef int seed_CPlatform;
