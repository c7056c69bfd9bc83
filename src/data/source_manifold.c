/* A curved r-dimensional surface in d dimensions: x = f(s) / std + noise e, s ~ N(0, I_r), f a ReLU network of `depth` hidden layers with
 * He-normal weights, no bias and a linear output. std is taken over all entries of the noise-free training part about their mean.
 * s is kept as factors. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>

#include "data/generator.h"

enum { DRAW_FACTORS, DRAW_NOISE, MAX_LAYERS = 65 };

typedef struct surface {
    int     layers;
    size_t  in[MAX_LAYERS], out[MAX_LAYERS];
    double *weight[MAX_LAYERS];         /* (in, out) each */
    double  by;                         /* 1 / std */
    double *from, *to;                  /* (widest layer) each: the values before and after a layer */
} surface;

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[1] = { o->manifold.ambient };
    BF_TRY(bf_info_shape(info, "data.manifold.ambient", 1, shape));
    if (o->manifold.dimension < 1 || o->manifold.dimension > 65536)
        return BF_FAIL(BF_E_INPUT, "data.manifold.dimension: %lld; 1 to 65536 are possible", (long long)o->manifold.dimension);
    if (o->manifold.depth < 0 || o->manifold.depth >= MAX_LAYERS)
        return BF_FAIL(BF_E_INPUT, "data.manifold.depth: %lld; 0 to %d are possible", (long long)o->manifold.depth, MAX_LAYERS - 1);
    if (o->manifold.width < 1 || o->manifold.width > 65536)
        return BF_FAIL(BF_E_INPUT, "data.manifold.width: %lld; 1 to 65536 are possible", (long long)o->manifold.width);
    info->stored = BF_STORED_F32;
    info->factors = (int)o->manifold.dimension;
    return bf_generator_rows(o, info);
}

static void close_surface(void *state)
{
    surface *f = state;
    if (!f)
        return;
    for (int l = 0; l < f->layers; l++)
        free(f->weight[l]);
    free(f->from);
    free(f->to);
    free(f);
}

static bf_status make_layer(surface *f, const bf_data_options *o, int l, size_t in, size_t out)
{
    const bf_draw d = bf_generator_shared(o, (uint64_t)l);
    const double by = sqrt(2.0 / (double)in);
    BF_TRY(bf_generator_doubles(in * out, &f->weight[l]));
    bf_rng_normal64(&d, f->weight[l], in * out);
    for (size_t i = 0; i < in * out; i++)
        f->weight[l][i] *= by;
    f->in[l] = in;
    f->out[l] = out;
    return BF_DONE;
}

static bf_status make_network(surface *f, const bf_data_options *o, const bf_data_info *info)
{
    const size_t hidden = (size_t)o->manifold.width;
    size_t in = (size_t)info->factors, widest = in > (size_t)info->width ? in : (size_t)info->width;
    if (o->manifold.depth > 0 && hidden > widest)
        widest = hidden;
    f->layers = (int)o->manifold.depth + 1;
    for (int l = 0; l < f->layers; l++) {
        const size_t out = l + 1 < f->layers ? hidden : (size_t)info->width;
        BF_TRY(make_layer(f, o, l, in, out));
        in = out;
    }
    BF_TRY(bf_generator_doubles(widest, &f->from));
    return bf_generator_doubles(widest, &f->to);
}

/* The point of one sample before the division, in f->from. */
static const double *evaluate(surface *f, const bf_data_options *o, bf_split split, int64_t index, float *factors)
{
    const bf_draw d = bf_generator_sample(o, split, index, DRAW_FACTORS);
    bf_rng_normal64(&d, f->from, f->in[0]);
    for (size_t k = 0; factors && k < f->in[0]; k++)
        factors[k] = (float)f->from[k];
    for (int l = 0; l < f->layers; l++) {
        bf_generator_mix(f->weight[l], f->from, f->to, f->out[l], f->in[l]);
        for (size_t i = 0; l + 1 < f->layers && i < f->out[l]; i++)
            f->to[i] = fmax(f->to[i], 0.0);
        double *swap = f->from;
        f->from = f->to;
        f->to = swap;
    }
    return f->from;
}

/* Every rank walks all training samples in order, so every rank divides by the same bits. */
static bf_status measure_std(surface *f, const bf_data_options *o, const bf_data_info *info)
{
    const double n = (double)info->rows[BF_TRAIN] * (double)info->width;
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < info->rows[BF_TRAIN]; i++) {
        const double *x = evaluate(f, o, BF_TRAIN, i, NULL);
        for (int j = 0; j < info->width; j++) {
            sum += x[j];
            squares += x[j] * x[j];
        }
    }
    const double variance = squares / n - (sum / n) * (sum / n);
    if (!(variance > 0.0))
        return BF_FAIL(BF_E_INPUT, "data.manifold: the network maps every training sample to one point; try another data.seed or a larger width");
    f->by = 1.0 / sqrt(variance);
    return BF_DONE;
}

static bf_status open_surface(const bf_data_options *o, const bf_data_info *info, void **state)
{
    surface *f = calloc(1, sizeof *f);
    bf_status s = BF_DONE;
    if (!f)
        return BF_FAIL(BF_E_MEMORY, "no memory for the manifold's network");
    BF_TRY_DONE(make_network(f, o, info));
    BF_TRY_DONE(measure_std(f, o, info));
    *state = f;
    return s;
done:
    close_surface(f);
    return s;
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    surface *f = state;
    const size_t width = (size_t)info->width;
    double *noise = NULL;               /* (width), stays 0 without noise */
    BF_TRY(bf_generator_doubles(width, &noise));
    for (int64_t r = 0; r < rows->count; r++) {
        const bf_draw d = bf_generator_sample(o, rows->split, rows->first + r, DRAW_NOISE);
        const double *at = evaluate(f, o, rows->split, rows->first + r, rows->factors + (size_t)r * (size_t)info->factors);
        float *x = (float *)rows->x + (size_t)r * width;
        if (o->manifold.noise > 0.0)
            bf_rng_normal64(&d, noise, width);
        for (size_t j = 0; j < width; j++)
            x[j] = (float)(at[j] * f->by + o->manifold.noise * noise[j]);
    }
    free(noise);
    return BF_DONE;
}

const bf_source bf_source_manifold = {
    .name = "manifold", .help = "ReLU-network image of a few Gaussian factors", .generator = true, .unbounded = true,
    .describe = describe, .open = open_surface, .fill = fill, .close = close_surface,
};
