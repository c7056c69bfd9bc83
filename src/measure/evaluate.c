#include "measure/evaluate.h"
