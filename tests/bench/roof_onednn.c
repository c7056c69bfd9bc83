/* oneDNN's matmul primitive, with weights in the layout it prefers: the fastest it can be, reordering not counted. */
#include "roof.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef BF_BENCH_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include "base/clock.h"

typedef struct roof_gemm {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[3];        /* source, weights, destination */
} roof_gemm;

static const int argument[3] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST };
static const dnnl_query_t query[3] = { dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md };

static bool create(roof_gemm *g, bf_gemm_shape s, bool bf16)
{
    const dnnl_data_type_t type = bf16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_dims_t source = { s.m, s.k }, weights = { s.k, s.n }, result = { s.m, s.n };
    dnnl_memory_desc_t a, b, c;
    dnnl_matmul_desc_t matmul;
    if (dnnl_engine_create(&g->engine, dnnl_cpu, 0) || dnnl_stream_create(&g->stream, g->engine, dnnl_stream_in_order)) return false;
    if (dnnl_memory_desc_init_by_tag(&a, 2, source, type, dnnl_ab) || dnnl_memory_desc_init_by_tag(&b, 2, weights, type, dnnl_format_tag_any)
        || dnnl_memory_desc_init_by_tag(&c, 2, result, dnnl_f32, dnnl_ab) || dnnl_matmul_desc_init(&matmul, &a, &b, NULL, &c)
        || dnnl_primitive_desc_create(&g->desc, &matmul, NULL, g->engine, NULL) || dnnl_primitive_create(&g->primitive, g->desc)) return false;
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(g->desc, query[i], 0);
        void *data = NULL;
        if (dnnl_memory_create(&g->memory[i], md, g->engine, DNNL_MEMORY_ALLOCATE) || dnnl_memory_get_data_handle(g->memory[i], &data))
            return false;
        /* Ordinary numbers: 1.0 in f32 and, as two halves, in bf16. */
        const size_t bytes = dnnl_memory_desc_get_size(md);
        for (size_t at = 0; at + 4 <= bytes; at += 4) *(unsigned *)((char *)data + at) = bf16 && i < 2 ? 0x3f803f80u : 0x3f800000u;
    }
    return true;
}

static bool once(roof_gemm *g)
{
    dnnl_exec_arg_t args[3];
    for (int i = 0; i < 3; i++) args[i] = (dnnl_exec_arg_t){ argument[i], g->memory[i] };
    return !dnnl_primitive_execute(g->primitive, g->stream, 3, args) && !dnnl_stream_wait(g->stream);
}

static void destroy(roof_gemm *g)
{
    for (int i = 0; i < 3; i++) dnnl_memory_destroy(g->memory[i]);
    dnnl_primitive_destroy(g->primitive);
    dnnl_primitive_desc_destroy(g->desc);
    dnnl_stream_destroy(g->stream);
    dnnl_engine_destroy(g->engine);
}

double bf_roof_onednn(bf_gemm_shape s, bool bf16, double seconds)
{
    roof_gemm g = { 0 };
    double best = 0.0;
    if (create(&g, s, bf16) && once(&g)) {
        const double end = bf_clock_seconds() + seconds;
        double start = 0.0, least = 1e30;
        do {
            start = bf_clock_seconds();
            if (!once(&g)) break;
            const double spent = bf_clock_seconds() - start;
            least = spent < least ? spent : least;
        } while (start < end);
        best = 2e-9 * s.m * s.n * s.k / least;
    }
    destroy(&g);
    return best;
}

const char *bf_roof_onednn_version(char out[32])
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(out, 32, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return out;
}

#else

double bf_roof_onednn(bf_gemm_shape s, bool bf16, double seconds)
{
    (void)s;
    (void)bf16;
    (void)seconds;
    return 0.0;
}

const char *bf_roof_onednn_version(char out[32])
{
    snprintf(out, 32, "none");
    return out;
}
#endif
