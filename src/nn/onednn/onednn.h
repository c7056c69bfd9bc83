/* oneDNN as the rest of this room sees it. A build without the library has absent.c instead, which answers that there is nothing. */
#ifndef BF_NN_ONEDNN_ONEDNN_H
#define BF_NN_ONEDNN_ONEDNN_H
#include "base/machine.h"
#include "nn/plan.h"

/* Local. Dense layers and convolutions as primitives of the library, everything else as in portable; NULL in a build without it. */
const bf_backend *bf_onednn_backend(void);
/* Local. Threads of the runtime the library was built with. Before the first plan: primitives are made for a number of threads. */
void bf_onednn_threads(int threads);

typedef struct bf_onednn_info {
    char    version[24];        /* "2.6.3" */
    char    isa[16];            /* what its kernels are made for: "avx2", "avx512-bf16" */
    bf_simd simd;
} bf_onednn_info;
/* Local. False in a build without the library. */
bool bf_onednn_describe(bf_onednn_info *out);
#endif
