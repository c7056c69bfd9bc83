#include "nn/threads.h"

#include <cblas.h>

#include "nn/onednn/onednn.h"

void bf_threads_set(int threads)
{
    openblas_set_num_threads(threads);
    bf_onednn_threads(threads);
}
