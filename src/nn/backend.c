#include "nn/backend.h"

#include <string.h>

#include "nn/onednn/onednn.h"

const char *const bf_backend_names[] = { "auto", "portable", "onednn", NULL };

/* Measured on Zen 3, where both have AVX2: dense networks 1.1 and residual ones 1.15 times as fast with the portable kernels, plain convolutions
 * level. With AVX-512 the library knows blocks, and bf16, that we do not. */
static bool library_is_faster(void)
{
    bf_onednn_info library;
    return bf_onednn_describe(&library) && library.simd >= BF_SIMD_AVX512;
}

const bf_backend *bf_backend_find(const char *name)
{
    if (strcmp(name, "auto") == 0) return library_is_faster() ? bf_onednn_backend() : &bf_backend_portable;
    if (strcmp(name, "onednn") == 0) return bf_onednn_backend();
    return strcmp(name, "portable") == 0 ? &bf_backend_portable : NULL;
}
