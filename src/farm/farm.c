#include "farm/farm.h"
