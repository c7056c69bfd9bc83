#include "data/generator.h"

#include <stdlib.h>
#include <string.h>

bf_status bf_generator_rows(const bf_data_options *o, bf_data_info *info)
{
    info->rows[BF_TRAIN] = o->train < 0 ? 8192 : o->train;
    info->rows[BF_TEST]  = o->test < 0 ? 2048 : o->test;
    if (info->rows[BF_TRAIN] < 1)
        return BF_FAIL(BF_E_INPUT, "data.train: at least one training sample is needed");
    return BF_DONE;
}

bf_draw bf_generator_shared(const bf_data_options *o, uint64_t what)
{
    return (bf_draw){ .seed = o->seed, .step = what, .use = BF_USE_DATA };
}

bf_draw bf_generator_sample(const bf_data_options *o, bf_split split, int64_t index, uint64_t what)
{
    return (bf_draw){ .seed = o->seed, .step = what, .sample = (uint64_t)index, .use = BF_USE_DATA_SAMPLE + 16u * (uint32_t)split };
}

bf_status bf_generator_doubles(size_t count, double **out)
{
    *out = count > SIZE_MAX / sizeof(double) ? NULL : calloc(count ? count : 1, sizeof(double));
    if (!*out)
        return BF_FAIL(BF_E_MEMORY, "no memory for %zu numbers of the data generator", count);
    return BF_DONE;
}

void bf_generator_mix(const double *restrict a, const double *restrict v, double *restrict y, size_t rows, size_t cols)
{
    memset(y, 0, rows * sizeof *y);
    for (size_t k = 0; k < cols; k++)
        for (size_t i = 0; i < rows; i++)
            y[i] += a[k * rows + i] * v[k];
}
