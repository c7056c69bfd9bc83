#include "data/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

typedef struct column { double mean, squares, low[BF_SPLITS], high[BF_SPLITS]; } column;    /* squares: sum of squared deviations */

typedef struct range { size_t first, count; } range;

static range my_share(const bf_comm *node, size_t n)
{
    const size_t rank = (size_t)bf_comm_rank(node), size = (size_t)bf_comm_size(node);
    const size_t first = n / size * rank + (n % size < rank ? n % size : rank);
    return (range){ first, n / size + (rank < n % size) };
}

/* One row's share as doubles. */
static inline void load(const bf_data_info *info, const bf_rows *p, int64_t row, range c, double *restrict v)
{
    const size_t at = (size_t)row * (size_t)info->width + c.first;
    if (info->stored == BF_STORED_U8) {
        const uint8_t *x = (const uint8_t *)p->x + at;
        for (size_t j = 0; j < c.count; j++)
            v[j] = x[j];
    } else {
        const float *x = (const float *)p->x + at;
        for (size_t j = 0; j < c.count; j++)
            v[j] = x[j];
    }
}

static void take_range(const bf_data_info *info, const bf_rows *p, range c, double *restrict v, double *restrict low, double *restrict high, column *out)
{
    for (size_t j = 0; j < c.count; j++) {
        low[j] = INFINITY;
        high[j] = -INFINITY;
    }
    for (int64_t i = 0; i < p->count; i++) {
        load(info, p, i, c, v);
        for (size_t j = 0; j < c.count; j++) {
            low[j] = v[j] < low[j] ? v[j] : low[j];
            high[j] = v[j] > high[j] ? v[j] : high[j];
        }
    }
    for (size_t j = 0; j < c.count; j++) {
        out[j].low[p->split] = low[j];
        out[j].high[p->split] = high[j];
    }
}

/* Two passes: deviations are squared about the finished mean, so nothing cancels. */
static void take_moments(const bf_data_info *info, const bf_rows *p, range c, double *restrict v, double *restrict mean, double *restrict squares, column *out)
{
    memset(mean, 0, c.count * sizeof *mean);
    memset(squares, 0, c.count * sizeof *squares);
    for (int64_t i = 0; i < p->count; i++) {
        load(info, p, i, c, v);
        for (size_t j = 0; j < c.count; j++)
            mean[j] += v[j];
    }
    for (size_t j = 0; j < c.count; j++)
        mean[j] /= (double)p->count;
    for (int64_t i = 0; i < p->count; i++) {
        load(info, p, i, c, v);
        for (size_t j = 0; j < c.count; j++)
            squares[j] += (v[j] - mean[j]) * (v[j] - mean[j]);
    }
    for (size_t j = 0; j < c.count; j++) {
        out[j].mean = mean[j];
        out[j].squares = squares[j];
    }
}

static void combine(const bf_data_info *info, const column *c, bf_statistics *out)
{
    const double width = info->width, entries = width * (double)info->rows[BF_TRAIN];
    double sum = 0.0, squares = 0.0, between = 0.0;
    for (int s = 0; s < BF_SPLITS; s++) {
        out->minimum[s] = info->rows[s] ? c[0].low[s] : 0.0;
        out->maximum[s] = info->rows[s] ? c[0].high[s] : 0.0;
    }
    for (int j = 0; j < info->width; j++) {
        sum += c[j].mean;
        squares += c[j].squares;
        for (int s = 0; s < BF_SPLITS && j > 0; s++) {
            if (!info->rows[s])
                continue;
            out->minimum[s] = fmin(out->minimum[s], c[j].low[s]);
            out->maximum[s] = fmax(out->maximum[s], c[j].high[s]);
        }
    }
    out->mean = sum / width;
    for (int j = 0; j < info->width; j++)
        between += (c[j].mean - out->mean) * (c[j].mean - out->mean);
    out->variance = squares / entries;
    out->spread = out->variance + between / width;
}

bf_status bf_statistics_take(const bf_comm *node, const bf_data_info *info, const bf_rows parts[BF_SPLITS], bf_statistics *out)
{
    const size_t width = (size_t)info->width;
    const range mine = my_share(node, width);
    double *v = calloc(3 * mine.count + 1, sizeof *v);                  /* (3, mine): a row and two results */
    column *c = calloc(mine.count + 1, sizeof *c), *all = calloc(width, sizeof *all);
    bf_status s = bf_comm_agree(node, v && c && all ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the statistics of the data"));
    if (!s.code) {
        take_moments(info, &parts[BF_TRAIN], mine, v, v + mine.count, v + 2 * mine.count, c);
        for (int part = 0; part < BF_SPLITS; part++)
            take_range(info, &parts[part], mine, v, v + mine.count, v + 2 * mine.count, c);
        bf_comm_allgather(node, c, mine.count * sizeof *c, all, NULL);
        combine(info, all, out);
    }
    free(all);
    free(c);
    free(v);
    return s;
}

/* --- hash ------------------------------------------------------------------------------------------------------------ */

typedef struct region { const void *bytes; size_t size; } region;
enum { KINDS = 4, REGIONS = KINDS * BF_SPLITS };

static void list_regions(const bf_data_info *info, const bf_rows parts[BF_SPLITS], region out[REGIONS])
{
    for (int s = 0; s < BF_SPLITS; s++) {
        const size_t rows = (size_t)info->rows[s], width = (size_t)info->width;
        region *r = out + KINDS * s;
        r[0] = (region){ parts[s].x, rows * width * bf_stored_size(info->stored) };
        r[1] = (region){ parts[s].labels, parts[s].labels ? rows * sizeof(int32_t) : 0 };
        r[2] = (region){ parts[s].factors, parts[s].factors ? rows * (size_t)info->factors * sizeof(float) : 0 };
        r[3] = (region){ parts[s].clean, parts[s].clean ? rows * width * sizeof(float) : 0 };
    }
}

/* Collective over node. bf_checksum() of a region, its blocks divided among the ranks. */
static bf_status checksum(const bf_comm *node, region r, uint64_t *out)
{
    const size_t blocks = (r.size + BF_CHECKSUM_BLOCK - 1) / BF_CHECKSUM_BLOCK;
    const range mine = my_share(node, blocks);
    uint64_t *part = malloc((mine.count + 1) * sizeof *part), *all = malloc((blocks + 1) * sizeof *all);
    bf_status s = bf_comm_agree(node, part && all ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to hash the data"));
    if (!s.code) {
        for (size_t b = 0; b < mine.count; b++) {
            const size_t at = (mine.first + b) * BF_CHECKSUM_BLOCK, left = r.size - at;
            part[b] = bf_hash64((const char *)r.bytes + at, left < BF_CHECKSUM_BLOCK ? left : BF_CHECKSUM_BLOCK);
        }
        bf_comm_allgather(node, part, mine.count * sizeof *part, all, NULL);
        *out = bf_checksum_of_blocks(all, blocks);
    }
    free(all);
    free(part);
    return s;
}

bf_status bf_statistics_hash(const bf_comm *node, const bf_data_info *info, const bf_rows parts[BF_SPLITS], uint64_t *hash)
{
    region r[REGIONS];
    uint64_t word[REGIONS + 6] = { 0 };
    list_regions(info, parts, r);
    for (int i = 0; i < REGIONS; i++)
        if (r[i].size)
            BF_TRY(checksum(node, r[i], &word[i]));
    for (int i = 0; i < 3; i++)
        word[REGIONS + i] = (uint64_t)(i < info->dims ? info->shape[i] : 0);
    word[REGIONS + 3] = (uint64_t)info->rows[BF_TRAIN];
    word[REGIONS + 4] = (uint64_t)info->rows[BF_TEST];
    word[REGIONS + 5] = (uint64_t)info->stored;
    *hash = bf_hash64(word, sizeof word);
    return BF_DONE;
}
