/* torch_dump BACKEND FILE HEIGHT WIDTH CHANNELS NET [ENCODER LAYER]... / [DECODER LAYER]...
 *
 * Runs one training step of a model and writes what it was given and what came out: data, noise, weights, loss, gradients. One line of text per
 * tensor, "name dimensions", then an empty line, then the numbers, f32, in the same order; tensors in PyTorch's layout. */
#include "base/rng.h"
#include "nn/backend.h"
#include "nn/threads.h"
#include "vae/registry.h"
#include "vae/vae.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, LATENT = 5, USE = 3, SEED = 11, STEP = 4 };

typedef struct dump {
    bf_vae_options options;
    bf_vae_data    data;
    bf_params     *params;
    bf_vae         vae;
    float         *theta, *grads, *noise;
    int64_t        samples[ROWS];
    float          loss;
} dump;

static void stop(const char *why)
{
    fprintf(stderr, "torch_dump: %s\n", why);
    exit(1);
}

static void must(bf_status s)
{
    if (s.code) stop(s.what);
}

static void add_layer(bf_layer_texts *to, const char *text)
{
    if (to->count == BF_MAX_LAYERS || strlen(text) >= BF_LAYER_TEXT) stop("a layer too many, or too long");
    snprintf(to->at[to->count++], BF_LAYER_TEXT, "%s", text);
}

static void read_options(int argc, char **argv, dump *d)
{
    if (argc < 7) stop("BACKEND FILE HEIGHT WIDTH CHANNELS NET [LAYER]... / [LAYER]...");
    const int h = atoi(argv[3]), w = atoi(argv[4]), c = atoi(argv[5]);
    d->options = (bf_vae_options){ .hidden = { .count = 2, .at = { 23, 17 } }, .latent = LATENT, .activation = "tanh", .output = "linear",
                                   .posterior = "gaussian", .prior = "normal", .likelihood = "gaussian", .variance = "learned",
                                   .variance_value = 0.5, .objective = "beta-vae", .draw = "random", .beta = 0.7 };
    snprintf(d->options.net, sizeof d->options.net, "%s", argv[6]);
    d->data = (bf_vae_data){ .dims = 3, .shape = { h, w, c }, .width = h * w * c, .variance = 0.1 };
    bf_layer_texts *to = &d->options.encoder;
    for (int i = 7; i < argc; i++) {
        if (strcmp(argv[i], "/") == 0) to = &d->options.decoder;
        else add_layer(to, argv[i]);
    }
}

static float *floats(size_t n)
{
    float *v = calloc(n + 1, sizeof *v);
    if (v == NULL) stop("no memory");
    return v;
}

static void run(dump *d, const bf_backend *backend)
{
    const bf_plan_shape shape = { .rows = ROWS, .lanes = 1, .backward = true };
    double weights[8], *stats;
    d->params = bf_params_create();
    if (d->params == NULL) stop("no memory");
    must(bf_vae_build(&d->options, &d->data, BF_VAE_TRAIN, &shape, backend, USE, d->params, &d->vae));
    const size_t size = bf_params_size(d->params);
    d->theta = floats(size);
    d->grads = floats(size);
    d->noise = floats(ROWS * LATENT);
    stats = calloc((size_t)bf_plan_stats_size(d->vae.plan) + 1, sizeof *stats);
    if (stats == NULL) stop("no memory");
    bf_params_init(d->params, SEED, d->theta);
    for (size_t i = 0; i < size; i++) d->theta[i] += (float)(0.05 * sin(1.0 + 2.3 * (double)i));
    for (int i = 0; i < ROWS; i++) d->samples[i] = 3 * i + 1;
    float *x = bf_plan_value(d->vae.plan, 0, d->vae.x);
    for (int i = 0; i < ROWS * d->data.width; i++) x[i] = (float)(0.5 + 0.45 * sin(0.37 * i));
    bf_rng_normal_rows(&(bf_draw){ .seed = SEED, .step = STEP, .use = USE }, d->samples, ROWS, LATENT, d->noise);
    bf_vae_weights(&d->vae, &d->options, &(bf_moment){ 1.0, 1.0 }, weights);
    bf_plan_run(d->vae.plan, &(bf_run){ .theta = d->theta, .grads = d->grads, .stats = stats, .samples = d->samples, .seed = SEED, .step = STEP,
                                        .rows = ROWS, .weights = weights, .batch = ROWS });
    double loss = 0.0;
    for (int t = 0; t < bf_plan_terms(d->vae.plan); t++)
        loss += weights[t] * stats[bf_plan_stat_find(d->vae.plan, bf_plan_term_name(d->vae.plan, t))->offset] / ROWS;
    d->loss = (float)loss;
    free(stats);
}

static void write_slots(const dump *d, const char *kind, FILE *names, FILE *numbers, const float *vector)
{
    for (int i = 0; i < bf_params_slots(d->params); i++) {
        const bf_slot *s = bf_params_at(d->params, i);
        float *exported = floats(s->count);
        bf_params_export(s, vector + s->offset, exported);
        fprintf(names, "%s/%s", kind, s->name);
        for (int k = 0; k < s->rank; k++) fprintf(names, " %lld", (long long)s->shape[k]);
        fprintf(names, "\n");
        fwrite(exported, sizeof *exported, s->count, numbers);
        free(exported);
    }
}

static void write_dump(const dump *d, const char *path)
{
    char *text = NULL, *bytes = NULL;
    size_t text_size = 0, size = 0;
    FILE *names = open_memstream(&text, &text_size), *numbers = open_memstream(&bytes, &size), *f = fopen(path, "wb");
    if (names == NULL || numbers == NULL || f == NULL) stop("cannot write");
    fprintf(names, "x %d %d %d %d\nnoise %d %d\nloss 1\n", ROWS, d->data.shape[0], d->data.shape[1], d->data.shape[2], ROWS, LATENT);
    fwrite(bf_plan_value(d->vae.plan, 0, d->vae.x), sizeof(float), (size_t)ROWS * (size_t)d->data.width, numbers);
    fwrite(d->noise, sizeof(float), ROWS * LATENT, numbers);
    fwrite(&d->loss, sizeof(float), 1, numbers);
    write_slots(d, "weight", names, numbers, d->theta);
    write_slots(d, "gradient", names, numbers, d->grads);
    fprintf(names, "\n");
    if (fclose(names) != 0 || fclose(numbers) != 0 || fwrite(text, 1, text_size, f) != text_size || fwrite(bytes, 1, size, f) != size ||
        fclose(f) != 0)
        stop("cannot write");
    free(text);
    free(bytes);
}

int main(int argc, char **argv)
{
    dump d = { .params = NULL };
    read_options(argc, argv, &d);
    const bf_backend *backend = bf_backend_find(argv[1]);
    if (backend == NULL) return 77;         /* not in this build */
    bf_threads_set(1);
    run(&d, backend);
    write_dump(&d, argv[2]);
    free(d.theta);
    free(d.grads);
    free(d.noise);
    bf_vae_destroy(&d.vae);
    bf_params_destroy(&d.params);
    return 0;
}
