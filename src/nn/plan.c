#include "nn/plan.h"
