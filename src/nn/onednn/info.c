/* The library as a whole: its version, its instruction set, its threads. */
#include "nn/onednn/onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>

#if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP
#error "betafield sets the threads of an oneDNN that was built with OpenMP"
#endif

/* Of <omp.h>, which belongs to a compiler; this has to be the function of the runtime that the library is linked with. */
void omp_set_num_threads(int threads);

void bf_onednn_threads(int threads) { omp_set_num_threads(threads); }

static const struct { dnnl_cpu_isa_t isa; const char *name; bf_simd simd; } sets[] = {
    { dnnl_cpu_isa_sse41, "sse41", BF_SIMD_BASE },
    { dnnl_cpu_isa_avx, "avx", BF_SIMD_AVX },
    { dnnl_cpu_isa_avx2, "avx2", BF_SIMD_AVX2 },
    { dnnl_cpu_isa_avx2_vnni, "avx2-vnni", BF_SIMD_AVX2 },
    { dnnl_cpu_isa_avx512_core, "avx512", BF_SIMD_AVX512 },
    { dnnl_cpu_isa_avx512_core_vnni, "avx512-vnni", BF_SIMD_AVX512 },
    { dnnl_cpu_isa_avx512_core_bf16, "avx512-bf16", BF_SIMD_AVX512 },
    { dnnl_cpu_isa_avx512_core_amx, "amx", BF_SIMD_AVX512 },
};

bool bf_onednn_describe(bf_onednn_info *out)
{
    const dnnl_version_t *v = dnnl_version();
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    *out = (bf_onednn_info){ .isa = "other", .simd = BF_SIMD_UNKNOWN };
    snprintf(out->version, sizeof out->version, "%d.%d.%d", v->major, v->minor, v->patch);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (sets[i].isa != isa) continue;
        snprintf(out->isa, sizeof out->isa, "%s", sets[i].name);
        out->simd = sets[i].simd;
    }
    return true;
}
