#include "nn/kernels_info.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/machine.h"

/* OpenBLAS's x86 cores by the instruction set their kernels use; one that is not listed is taken to be good enough. */
static const struct { const char *core; bf_simd simd; } cores[] = {
    { "Prescott", BF_SIMD_BASE }, { "Core2", BF_SIMD_BASE }, { "Penryn", BF_SIMD_BASE }, { "Dunnington", BF_SIMD_BASE },
    { "Nehalem", BF_SIMD_BASE }, { "Atom", BF_SIMD_BASE }, { "Athlon", BF_SIMD_BASE }, { "Opteron", BF_SIMD_BASE },
    { "Opteron_SSE3", BF_SIMD_BASE }, { "Barcelona", BF_SIMD_BASE }, { "Bobcat", BF_SIMD_BASE }, { "Nano", BF_SIMD_BASE },
    { "Katmai", BF_SIMD_BASE }, { "Coppermine", BF_SIMD_BASE }, { "Northwood", BF_SIMD_BASE }, { "Banias", BF_SIMD_BASE },
    { "Sandybridge", BF_SIMD_AVX }, { "Bulldozer", BF_SIMD_AVX }, { "Piledriver", BF_SIMD_AVX }, { "Steamroller", BF_SIMD_AVX },
    { "Haswell", BF_SIMD_AVX2 }, { "Zen", BF_SIMD_AVX2 }, { "Excavator", BF_SIMD_AVX2 },
    { "SkylakeX", BF_SIMD_AVX512 }, { "Cooperlake", BF_SIMD_AVX512 }, { "SapphireRapids", BF_SIMD_AVX512 },
};

static bf_simd core_simd(const char *core)
{
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++)
        if (strcasecmp(core, cores[i].core) == 0) return cores[i].simd;
    return BF_SIMD_UNKNOWN;
}

void bf_kernel_identity(const char *backend, char *out, size_t size)
{
    bf_machine m;
    bf_machine_read(&m);
    /* The processor counts beside the build: the C library picks its exp and log by it. */
    snprintf(out, size, "%s built=%s cpu=%s blas=%s", backend, bf_simd_name(bf_machine_built_for()), bf_simd_name(m.simd),
             openblas_get_corename());
}

void bf_kernel_library(char *out, size_t size)
{
    snprintf(out, size, "%s", openblas_get_config());
}

bool bf_kernel_warning(char *out, size_t size)
{
    bf_machine m;
    bf_machine_read(&m);
    const char *core = openblas_get_corename(), *forced = getenv("OPENBLAS_CORETYPE");
    bf_simd used = core_simd(core);
    if (used == BF_SIMD_UNKNOWN || used >= m.simd) return false;
    snprintf(out, size, "OpenBLAS uses its %s kernels (%s) on a processor with %s%s%s: expect a fraction of its speed", core,
             bf_simd_name(used), bf_simd_name(m.simd), forced ? ", because OPENBLAS_CORETYPE=" : "", forced ? forced : "");
    return true;
}
