#include "data/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static bf_status count_own_parts(const bf_data_options *o, const char *what, const int64_t held[BF_SPLITS], int64_t rows[BF_SPLITS])
{
    const int64_t want[BF_SPLITS] = { o->train, o->test };
    static const char *const key[BF_SPLITS] = { "train", "test" };
    for (int s = 0; s < BF_SPLITS; s++) {
        if (want[s] > held[s])
            return BF_FAIL(BF_E_INPUT, "data.%s: asks for %lld samples, %s holds %lld", key[s], (long long)want[s], what, (long long)held[s]);
        rows[s] = want[s] < 0 ? held[s] : want[s];
    }
    return BF_DONE;
}

bf_status bf_pick_count(const bf_data_options *o, const char *what, const int64_t held[BF_SPLITS], int64_t rows[BF_SPLITS])
{
    const int64_t all = held[BF_TRAIN];
    if (held[BF_TEST] >= 0) {
        BF_TRY(count_own_parts(o, what, held, rows));
    } else {
        rows[BF_TEST] = o->test < 0 ? all / 10 + (all % 10 != 0) : o->test;
        rows[BF_TRAIN] = o->train < 0 ? all - rows[BF_TEST] : o->train;
        if (rows[BF_TEST] > all || rows[BF_TRAIN] > all - rows[BF_TEST])
            return BF_FAIL(BF_E_INPUT, "data.train: together with data.test asks for %lld + %lld samples, %s holds %lld",
                           (long long)rows[BF_TRAIN], (long long)rows[BF_TEST], what, (long long)all);
    }
    if (rows[BF_TRAIN] < 1)
        return BF_FAIL(BF_E_INPUT, "%s holds %lld samples: none is left for training", what, (long long)all);
    return BF_DONE;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bf_status bf_pick_open(const bf_data_options *o, const int64_t held[BF_SPLITS], const int64_t rows[BF_SPLITS], bf_pick *out)
{
    const bf_draw d = { .seed = o->seed, .use = BF_USE_SPLIT };
    const int64_t all = held[BF_TRAIN], first[BF_SPLITS] = { rows[BF_TEST], 0 };
    *out = (bf_pick){ { NULL, NULL } };
    if (held[BF_TEST] >= 0)
        return BF_DONE;
    int64_t *order = malloc((size_t)all * sizeof *order);
    bf_status s = order ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to shuffle %lld samples", (long long)all);
    if (order)
        bf_rng_permutation(&d, order, all);
    for (int part = 0; !s.code && part < BF_SPLITS; part++) {
        const size_t n = (size_t)rows[part];
        out->row[part] = malloc((n ? n : 1) * sizeof *order);
        if (!out->row[part]) {
            s = BF_FAIL(BF_E_MEMORY, "no memory to choose %zu samples", n);
            break;
        }
        memcpy(out->row[part], order + first[part], n * sizeof *order);
        qsort(out->row[part], n, sizeof *order, ascending);
    }
    free(order);
    if (s.code)
        bf_pick_close(out);
    return s;
}

void bf_pick_close(bf_pick *p)
{
    for (int s = 0; s < BF_SPLITS; s++) {
        free(p->row[s]);
        p->row[s] = NULL;
    }
}
