#include "measure/subset.h"

#include <stdlib.h>
#include <string.h>

static bf_status reserve(const bf_comm *team, bf_subset *s, int what)
{
    size_t bytes = ((size_t)s->count * (size_t)s->latent + 1) * sizeof(float);
    BF_TRY(bf_fault_at(team, "measure.allocate", BF_E_MEMORY));
    if (what & BF_SUBSET_Z) s->z = malloc(bytes);
    if (what & BF_SUBSET_MEAN) s->mean = malloc(bytes);
    if (what & BF_SUBSET_LOGVAR) s->logvar = malloc(bytes);
    if (((what & BF_SUBSET_Z) && !s->z) || ((what & BF_SUBSET_MEAN) && !s->mean) || ((what & BF_SUBSET_LOGVAR) && !s->logvar))
        return BF_FAIL(BF_E_MEMORY, "%lld samples to measure", (long long)s->count);
    return BF_DONE;
}

/* Ranks own consecutive samples, so the pieces in rank order are the whole in order. Own rows are packed where they will lie. */
static void gather(const bf_comm *team, const bf_evaluation *e, const float *rows, const bf_subset *s, float *pack, float *all)
{
    size_t latent = (size_t)s->latent, n = 0;
    for (int64_t k = 0; k < s->count; k++) {
        int64_t i = bf_subset_index(k, s->count, e->samples) - e->first;
        if (i < 0 || i >= e->rows) continue;
        memcpy(pack + n * latent, rows + (size_t)i * latent, latent * sizeof *pack);
        n++;
    }
    bf_comm_allgather(team, pack, n * latent * sizeof *pack, all, NULL);
}

bf_status bf_subset_gather(const bf_comm *team, const bf_evaluation *e, int64_t most, int what, bf_subset *out)
{
    *out = (bf_subset){ .count = e->samples < most ? e->samples : most, .latent = e->latent };
    float *pack = malloc(((size_t)out->count * (size_t)out->latent + 1) * sizeof *pack);
    bf_status s = pack ? reserve(team, out, what) : BF_FAIL(BF_E_MEMORY, "%lld samples to measure", (long long)out->count);
    s = bf_comm_agree(team, s);
    if (!s.code) {
        if (out->z) gather(team, e, e->z, out, pack, out->z);
        if (out->mean) gather(team, e, e->mean, out, pack, out->mean);
        if (out->logvar) gather(team, e, e->logvar, out, pack, out->logvar);
    } else {
        bf_subset_free(out);
    }
    free(pack);
    return s;
}

void bf_subset_free(bf_subset *s)
{
    free(s->mean);
    free(s->logvar);
    free(s->z);
    *s = (bf_subset){ 0 };
}
