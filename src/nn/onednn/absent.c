/* A build without oneDNN. */
#include "nn/onednn/onednn.h"

const bf_backend *bf_onednn_backend(void) { return NULL; }
void bf_onednn_threads(int threads) { (void)threads; }

bool bf_onednn_describe(bf_onednn_info *out)
{
    *out = (bf_onednn_info){ .simd = BF_SIMD_UNKNOWN };
    return false;
}
