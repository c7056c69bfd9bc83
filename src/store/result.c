#include "store/result.h"
