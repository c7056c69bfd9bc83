#include "nn/kernels_info.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nn/layers.h"
#include "nn/onednn/onednn.h"
#include "nn/plan_state.h"

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

void bf_kernel_identity(const bf_backend *backend, char *out, size_t size)
{
    bf_machine m;
    bf_onednn_info library;
    bf_machine_read(&m);
    /* The processor counts beside the build: the C library picks its exp and log by it. */
    const int used = snprintf(out, size, "%s built=%s cpu=%s blas=%s", backend->name, bf_simd_name(bf_machine_built_for()), bf_simd_name(m.simd),
                              openblas_get_corename());
    if (backend == bf_onednn_backend() && bf_onednn_describe(&library) && used >= 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, " onednn=%s/%s", library.version, library.isa);
}

/* --- what runs where --------------------------------------------------------------------------------------------- */

/* One of each layer that a library may multiply for, of a size no kernel of ours is for. */
static void record_layers(bf_builder *b)
{
    const bf_conv_spec window = { .kernel = 4, .stride = 2, .same = true };
    const bf_value x = bf_input(b, "x", (bf_shape){ 16, 16, 16, 32 });
    const bf_value wide = bf_deconv(b, bf_conv(b, x, 64, &window, "conv", 1.0), 32, &window, "deconv", 1.0);
    bf_keep(b, bf_wide(b, bf_dense(b, wide, 64, "dense", 1.0, 0.0)));
}

/* Names of the operations that have primitives of the library, "none" without any. */
static void list_own(const bf_backend *backend, bool narrow, char *out, size_t size)
{
    bf_params *params = bf_params_create();
    bf_builder *b = params == NULL ? NULL : bf_builder_create(params, &(bf_plan_shape){ .rows = 16, .lanes = 1, .narrow = narrow }, backend);
    bf_plan *plan = NULL;
    snprintf(out, size, "none");
    if (b != NULL) record_layers(b);
    if (b != NULL && bf_builder_finish(&b, &plan).code == BF_OK) {
        size_t used = 0;
        for (int i = 0; i < plan->nodes && used < size; i++)
            if (plan->node[i].own != NULL) used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", plan->node[i].op->name);
    }
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

void bf_kernel_report(const bf_backend *backend, char *out, size_t size)
{
    char identity[160], wide[48], narrow[48];
    bf_kernel_identity(backend, identity, sizeof identity);
    list_own(backend, false, wide, sizeof wide);
    list_own(backend, true, narrow, sizeof narrow);
    const bool emulated = strcmp(narrow, "none") == 0;
    if (backend->prepare == NULL) snprintf(out, size, "%s; bf16 is emulated", identity);
    else snprintf(out, size, "%s; in the library: f32 %s, bf16 %s%s", identity, wide, narrow, emulated ? " (emulated)" : "");
}

/* --- libraries --------------------------------------------------------------------------------------------------- */

void bf_kernel_library(char *out, size_t size)
{
    snprintf(out, size, "%s", openblas_get_config());
}

void bf_kernel_accelerator(char *out, size_t size)
{
    bf_onednn_info library;
    if (bf_onednn_describe(&library)) snprintf(out, size, "oneDNN %s", library.version);
    else snprintf(out, size, "no oneDNN");
}

/* Appends that `who` uses lesser kernels; cause: the environment variable that may have asked for it. */
static void complain(const char *who, const char *kernels, const char *cause, bf_simd could, char *out, size_t size)
{
    const size_t used = strlen(out);
    const char *forced = getenv(cause);
    snprintf(out + used, size - used, "%s%s uses its %s kernels on a processor with %s%s%s%s%s: expect a fraction of its speed", used > 0 ? "; " : "",
             who, kernels, bf_simd_name(could), forced ? ", because " : "", forced ? cause : "", forced ? "=" : "", forced ? forced : "");
}

bool bf_kernel_warning(char *out, size_t size)
{
    bf_machine m;
    bf_onednn_info library;
    bf_machine_read(&m);
    const char *core = openblas_get_corename();
    const bf_simd blas = core_simd(core);
    out[0] = '\0';
    if (blas != BF_SIMD_UNKNOWN && blas < m.simd) complain("OpenBLAS", core, "OPENBLAS_CORETYPE", m.simd, out, size);
    if (bf_onednn_describe(&library) && library.simd != BF_SIMD_UNKNOWN && library.simd < m.simd)
        complain("oneDNN", library.isa, getenv("DNNL_MAX_CPU_ISA") ? "DNNL_MAX_CPU_ISA" : "ONEDNN_MAX_CPU_ISA", m.simd, out, size);
    return out[0] != '\0';
}
