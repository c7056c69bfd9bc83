#include "nn/threads.h"

#include <cblas.h>

void bf_threads_set(int threads) { openblas_set_num_threads(threads); }
