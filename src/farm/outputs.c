#include "farm/outputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "farm/class_values.h"
#include "farm/key_attributes.h"
#include "farm/weights.h"
#include "measure/block_sums.h"
#include "measure/comparable.h"
#include "measure/histogram.h"
#include "measure/pause.h"
#include "nn/backend.h"
#include "nn/kernels_info.h"
#include "store/config_file.h"
#include "study/key.h"
#include "vae/condition.h"
#include "vae/network_described.h"

#define BF_LAYER_LIST (BF_MAX_LAYERS * (BF_LAYER_TEXT + 2) + 3)

/* Beside the keys: whose arithmetic it was, because `train.backend: auto` does not say. */
static bf_status write_rows_and_keys(bf_config_file *f, const bf_job *job, const bf_result *r)
{
    int n_keys, n = 0;
    bf_key_table(&n_keys);
    char kernels[160] = "";
    bf_attr *attrs = calloc((size_t)n_keys + 1, sizeof *attrs);
    bf_status s = attrs ? bf_key_attributes(&job->config, "", attrs, &n) : BF_FAIL(BF_E_MEMORY, "no memory for the attributes of c%04d", job->id);
    s = bf_comm_agree(job->crew->team, s);
    if (!s.code) {
        bf_kernel_identity(bf_backend_find(job->config.train.backend), kernels, sizeof kernels);
        bf_comm_bcast(job->crew->team, kernels, sizeof kernels, 0);     /* processors of a team may differ; what is written may not */
        attrs[n] = (bf_attr){ .name = "kernels", .type = 's', .text = kernels };
        s = bf_config_file_result(f, job->crew->schema, r, attrs, n + 1);
    }
    bf_key_attributes_free(attrs, n);
    free(attrs);
    return s;
}

/* "[conv 64 4x4, fc 10]" */
static void list_layers(const bf_layer_texts *list, char out[BF_LAYER_LIST])
{
    size_t used = (size_t)snprintf(out, BF_LAYER_LIST, "[");
    for (int i = 0; i < list->count; i++)
        used += (size_t)snprintf(out + used, BF_LAYER_LIST - used, "%s%s", i ? ", " : "", list->at[i]);
    snprintf(out + used, BF_LAYER_LIST - used, "]");
}

/* What a network in words was made of, named rows included. */
static bf_status write_layers(bf_config_file *f, const bf_job *job)
{
    const bf_vae_options *o = &job->config.vae;
    const bf_data_info *info = bf_dataset_info(job->data);
    bf_vae_data d = { .dims = info->dims, .width = info->width, .classes = info->labels };
    bf_layer_texts encoder, decoder;
    char text[2][BF_LAYER_LIST];
    memcpy(d.shape, info->shape, sizeof d.shape);
    if (!bf_network_in_words(bf_network_find(o->net))) return BF_DONE;
    bf_described_layers(o, &d, &encoder, &decoder);
    list_layers(&encoder, text[0]);
    list_layers(&decoder, text[1]);
    const bf_attr attrs[] = { { .name = "encoder", .type = 's', .text = text[0] }, { .name = "decoder", .type = 's', .text = text[1] } };
    return bf_config_file_attrs(f, "weights", attrs, 2);
}

static bf_status write_weights(bf_config_file *f, const bf_job *job)
{
    const bf_vae_options *o = &job->config.vae;
    const bf_data_info *d = bf_dataset_info(job->data);
    char hidden[512] = "[", shape[48] = "";
    for (int i = 0; i < d->dims; i++) snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d", i ? " " : "", d->shape[i]);
    for (int i = 0; i < o->hidden.count; i++)
        snprintf(hidden + strlen(hidden), sizeof hidden - strlen(hidden), "%s%lld", i ? ", " : "", (long long)o->hidden.at[i]);
    snprintf(hidden + strlen(hidden), sizeof hidden - strlen(hidden), "]");
    const bf_attr attrs[] = {
        { .name = "network", .type = 's', .text = o->net }, { .name = "activation", .type = 's', .text = o->activation },
        { .name = "hidden", .type = 's', .text = hidden }, { .name = "output", .type = 's', .text = o->output },
        { .name = "latent", .type = 'i', .integer = o->latent }, { .name = "posterior", .type = 's', .text = o->posterior },
        { .name = "prior", .type = 's', .text = o->prior }, { .name = "likelihood", .type = 's', .text = o->likelihood },
        { .name = "variance", .type = 's', .text = o->variance },
        /* What new data has to look like: model units = stored * data_scale + data_shift. */
        { .name = "data_shape", .type = 's', .text = shape }, { .name = "data_stored", .type = 's', .text = d->stored == BF_STORED_U8 ? "u8" : "f32" },
        { .name = "data_scale", .type = 'f', .real = d->scale }, { .name = "data_shift", .type = 'f', .real = d->shift },
        { .name = "classes", .type = 'i', .integer = d->labels },       /* the last one: of a model that is told them */
    };
    BF_TRY(bf_config_file_attrs(f, "weights", attrs, (int)(sizeof attrs / sizeof *attrs) - !bf_label_conditioned(o)));
    BF_TRY(write_layers(f, job));
    if (bf_label_conditioned(o)) BF_TRY(bf_class_values_write(f, job->crew->team, job->data, job->config.data.label));
    return bf_weights_write(f, job->crew->team, bf_trainer_params(job->trainer), bf_trainer_theta(job->trainer));
}

/* A model as it is told: whose rows and pictures those are, and the group they go to, "" or one that ends with a slash. */
typedef struct view { const char *home; const bf_evaluation *split; } view;

static bool stochastic(const bf_job *job) { return bf_posterior_find(job->config.vae.posterior)->stochastic; }

static bf_status write_posterior(bf_config_file *f, const view *v, bool has_variance, bf_split split)
{
    char name[64];
    const bf_evaluation *e = &v->split[split];
    const struct { const char *name; const float *rows; const char *about; } part[] = {
        { "mean", e->mean, "posterior mean of every sample, in data-set order" },
        { "logvar", e->logvar, "posterior log variance of every sample" },
        { "z", e->z, "one posterior draw per sample" },
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (i == 1 && !has_variance) continue;
        snprintf(name, sizeof name, "%sposterior/%s/%s", v->home, split == BF_TRAIN ? "train" : "test", part[i].name);
        BF_TRY(bf_config_file_rows(f, name, e->samples, e->latent, e->first, e->rows, part[i].rows,
                                   &(bf_dataset_text){ "sample latent", "1", part[i].about }));
    }
    return BF_DONE;
}

static bf_status write_posteriors(bf_config_file *f, const bf_job *job, const view *v)
{
    const bf_output_options *o = &job->config.output;
    const bf_evaluation *train = &v->split[BF_TRAIN];
    char drawn[64], name[64];
    snprintf(drawn, sizeof drawn, "%sposterior/train/z", v->home);
    snprintf(name, sizeof name, "%ssecond_stage/train", v->home);
    if (o->posterior_train) BF_TRY(write_posterior(f, v, stochastic(job), BF_TRAIN));
    if (o->posterior_test) BF_TRY(write_posterior(f, v, stochastic(job), BF_TEST));
    if (!o->second_stage) return BF_DONE;
    if (o->posterior_train) return bf_config_file_hard_link(f, drawn, name);
    return bf_config_file_rows(f, name, train->samples, train->latent, train->first, train->rows, train->z,
                               &(bf_dataset_text){ "sample latent", "1", "second-stage training set: one posterior draw per training sample" });
}

static bf_status write_histogram(bf_config_file *f, const bf_job *job, const view *v)
{
    const bf_evaluation *e = &v->split[BF_TRAIN];
    int64_t *counts;
    BF_TRY(bf_histogram_take(job->crew->team, e, &bf_histogram_z, &counts));
    bf_array a = { .type = BF_TYPE_I64, .rank = 2, .shape = { e->latent, bf_histogram_columns(&bf_histogram_z) }, .data = counts };
    snprintf(a.name, sizeof a.name, "%s%s", v->home, bf_histogram_z.name);
    bf_status s = bf_config_file_array(f, &a, NULL);
    free(counts);
    return s;
}

static bf_status write_latents(bf_config_file *f, const bf_job *job, const view *v)
{
    const bf_evaluation *e = &v->split[BF_TRAIN];
    size_t k = (size_t)e->latent;
    double n = (double)e->samples, *of = calloc(k, sizeof *of);
    bf_status s = bf_comm_agree(job->crew->team, of ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the latents of c%04d", job->id));
    bf_array a = { .type = BF_TYPE_F64, .rank = 1, .shape = { e->latent }, .data = of };
    if (!s.code && stochastic(job)) {
        for (size_t j = 0; j < k; j++) of[j] = e->kl[j] / n;
        snprintf(a.name, sizeof a.name, "%slatents/kl", v->home);
        s = bf_config_file_array(f, &a, &(bf_dataset_text){ "latent", "nat", "mean rate of each dimension over the training set" });
    }
    if (!s.code) {
        for (size_t j = 0; j < k; j++) of[j] = e->mean_square[j] / n - (e->mean_sum[j] / n) * (e->mean_sum[j] / n);
        snprintf(a.name, sizeof a.name, "%slatents/mean_variance", v->home);
        s = bf_config_file_array(f, &a, &(bf_dataset_text){ "latent", "1", "variance of the posterior mean over the training set" });
    }
    if (!s.code && stochastic(job)) {
        for (size_t j = 0; j < k; j++) of[j] = e->logvar_sum[j] / n;
        snprintf(a.name, sizeof a.name, "%slatents/mean_logvar", v->home);
        s = bf_config_file_array(f, &a, &(bf_dataset_text){ "latent", "1", "mean posterior log variance over the training set" });
    }
    free(of);
    if (s.code) return s;
    return write_histogram(f, job, v);
}

enum { BF_IMAGE_DIMS = 48 };

/* An array of n images x. of: what the first axis counts. dims: words for all axes. */
static bf_array images(const bf_job *job, const char *home, const char *name, int64_t n, float *x, const char *of, char dims[BF_IMAGE_DIMS])
{
    const bf_data_info *d = bf_dataset_info(job->data);
    bf_array a = { .type = BF_TYPE_F32, .rank = d->dims + 1, .shape = { n }, .data = x };
    for (int i = 0; i < d->dims; i++) a.shape[i + 1] = d->shape[i];
    snprintf(a.name, sizeof a.name, "%s%s", home, name);
    snprintf(dims, BF_IMAGE_DIMS, "%s %s", of, d->dims == 1 ? "feature" : d->dims == 2 ? "height width" : "height width channel");
    return a;
}

static bf_status write_images(bf_config_file *f, const bf_job *job, const char *home, const char *name, const char *about, int64_t n, float *x)
{
    char dims[BF_IMAGE_DIMS];
    const bf_array a = images(job, home, name, n, x, "sample", dims);
    return bf_config_file_array(f, &a, &(bf_dataset_text){ dims, "1", about });
}

static bf_status write_labels(bf_config_file *f, const char *home, int64_t n, int32_t *labels)
{
    bf_array a = { .type = BF_TYPE_I32, .rank = 1, .shape = { n }, .data = labels };
    snprintf(a.name, sizeof a.name, "%ssamples_label", home);
    return bf_config_file_array(f, &a, &(bf_dataset_text){ "sample", "1", "class that each of the samples was told" });
}

/* Collective over team. Posterior means of the first rows, to every rank: each holds a contiguous share, together they come out in order. */
static void gather_first(const bf_comm *team, const bf_evaluation *test, int64_t rows, float *mean)
{
    const int64_t mine = rows - test->first < 0 ? 0 : rows - test->first < test->rows ? rows - test->first : test->rows;
    bf_comm_allgather(team, test->mean, (size_t)mine * (size_t)test->latent * sizeof *mean, mean, NULL);
}

/* Prior samples, the first test samples and their reconstructions at the posterior mean, all in model units. The evaluator tells the model what
 * the view is of. */
static bf_status write_pictures(bf_config_file *f, const bf_job *job, const view *v)
{
    const bf_comm *team = job->crew->team;
    const bf_evaluation *test = &v->split[BF_TEST];
    int64_t n = job->config.output.samples, shown = n < test->samples ? n : test->samples;
    size_t k = (size_t)test->latent, width = (size_t)bf_dataset_info(job->data)->width, rows = (size_t)(n > 0 ? n : 1);
    if (n == 0) return BF_DONE;
    const bool labelled = bf_label_conditioned(&job->config.vae);
    float *z = calloc(rows * k, sizeof *z), *x = calloc(rows * width, sizeof *x);
    int32_t *label = labelled ? calloc(rows, sizeof *label) : NULL;
    bf_evaluator *e = bf_trainer_evaluator(job->trainer);
    const float *theta = bf_trainer_theta(job->trainer);
    bf_status s = z && x && (label || !labelled) ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %lld samples of c%04d", (long long)n, job->id);
    for (size_t i = 0; !s.code && i < (size_t)n; i++)
        bf_rng_normal(&(bf_draw){ .seed = job->config.seed, .sample = i, .use = BF_USE_PRIOR }, z + i * k, k);
    if (!s.code && labelled) bf_evaluator_draw_labels(e, n, label);
    if (!s.code) s = bf_evaluator_decode(e, theta, z, label, n, x);
    BF_TRY_DONE(bf_comm_agree(team, s));
    BF_TRY_DONE(write_images(f, job, v->home, "samples", "decoder means at draws from the prior", n, x));
    if (labelled) BF_TRY_DONE(write_labels(f, v->home, n, label));
    if (shown == 0) goto done;
    gather_first(team, test, shown, z);
    BF_TRY_DONE(bf_comm_agree(team, bf_evaluator_decode(e, theta, z, labelled ? bf_dataset_labels(job->data, BF_TEST) : NULL, shown, x)));
    BF_TRY_DONE(write_images(f, job, v->home, "reconstructions", "decoder means at the posterior means of the first test samples", shown, x));
    if (*v->home) goto done;            /* there is one copy of what does not depend on beta */
    bf_dataset_block(job->data, BF_TEST, 0, (int)shown, x);
    BF_TRY_DONE(write_images(f, job, v->home, "inputs", "the first test samples", shown, x));
done:
    free(label);
    free(z);
    free(x);
    return s;
}

/* Images of one latent dimension after the other are made a piece at a time, of which each rank of the team decodes whole blocks. */
typedef struct traversals {
    const bf_job *job;
    size_t   latent, width, at_once;
    float   *mean;                  /* (samples, latent) */
    float   *z, *mine, *all;        /* (at once, latent) and (at once, width) of this rank; (at once, width) of the team, gathered on rank 0 */
    int32_t *label;                 /* (at once) classes; NULL where the model is told none */
} traversals;

static bf_status traversals_memory(traversals *t, int64_t samples, bool labelled)
{
    t->mean = calloc((size_t)samples, t->latent * sizeof *t->mean);
    t->z = calloc(t->at_once, t->latent * sizeof *t->z);
    t->mine = calloc(t->at_once, t->width * sizeof *t->mine);
    t->all = calloc(t->at_once, t->width * sizeof *t->all);
    t->label = labelled ? calloc(t->at_once, sizeof *t->label) : NULL;
    const bool held = t->mean && t->z && t->mine && t->all && (t->label || !labelled);
    return held ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the traversals of c%04d", t->job->id);
}

static void traversals_free(traversals *t)
{
    free(t->label);
    free(t->all);
    free(t->mine);
    free(t->z);
    free(t->mean);
}

/* Codes of n images from number `first` on, in the order of samples, of dimensions and of values. */
static void vary(const traversals *t, int64_t first, int64_t n)
{
    const int64_t k = (int64_t)t->latent;
    for (int64_t i = 0; i < n; i++) {
        const int64_t image = first + i, dimension = image / BF_TRAVERSED % k, sample = image / BF_TRAVERSED / k;
        float *z = t->z + i * k;
        memcpy(z, t->mean + sample * k, t->latent * sizeof *z);
        z[dimension] = -2.0f + 4.0f * (float)(image % BF_TRAVERSED) / (float)(BF_TRAVERSED - 1);
        if (t->label) t->label[i] = bf_dataset_labels(t->job->data, BF_TEST)[sample];
    }
}

static bf_status make_traversals(void *self, int64_t first, int64_t n)
{
    const traversals *t = self;
    const bf_comm *team = t->job->crew->team;
    bf_evaluator *e = bf_trainer_evaluator(t->job->trainer);
    const int rank = bf_comm_rank(team), ranks = bf_comm_size(team);
    const int64_t blocks = bf_block_count(n), from = bf_block_first(blocks, rank, ranks) * BF_EVAL_ROWS;
    const int64_t to = bf_block_first(blocks, rank + 1, ranks) * BF_EVAL_ROWS;
    const int64_t own = (to < n ? to : n) - (from < n ? from : n);
    vary(t, first + from, own);
    const bf_status s = bf_pause(e) ? BF_DONE : bf_evaluator_decode(e, bf_trainer_theta(t->job->trainer), t->z, t->label, own, t->mine);
    BF_TRY(bf_pause_end(e));
    BF_TRY(bf_comm_agree(team, s));
    bf_comm_gather(team, t->mine, (size_t)own * t->width * sizeof *t->mine, t->all, NULL, 0);
    return BF_DONE;
}

static bf_status write_traversals(bf_config_file *f, const bf_job *job, const view *v)
{
    const bf_evaluation *test = &v->split[BF_TEST];
    const int64_t asked = job->config.output.traversals, shown = asked < test->samples ? asked : test->samples;
    traversals t = { .job = job, .latent = (size_t)test->latent, .width = (size_t)bf_dataset_info(job->data)->width };
    if (shown == 0) return BF_DONE;
    const int64_t shots = shown * test->latent * BF_TRAVERSED;
    t.at_once = (size_t)(shots < BF_TRAVERSED_AT_ONCE ? shots : BF_TRAVERSED_AT_ONCE);
    bf_status s = bf_comm_agree(job->crew->team, traversals_memory(&t, shown, bf_label_conditioned(&job->config.vae)));
    if (!s.code) {
        char dims[BF_IMAGE_DIMS];
        const bf_array a = images(job, v->home, "traversals", shots, NULL, "sample-latent-value", dims);
        const bf_config_rows rows = { .piece = (int64_t)t.at_once, .room = t.all, .make = make_traversals, .self = &t };
        gather_first(job->crew->team, test, shown, t.mean);
        s = bf_config_file_made(f, &a, &rows, &(bf_dataset_text){ dims, "1", "decoder means as one latent dimension after the other goes from -2 to 2" });
    }
    traversals_free(&t);
    return s;
}

static bf_status write_state(bf_config_file *f, const bf_job *job)
{
    bf_array state[BF_MAX_STATE];
    int n = bf_trainer_state(job->trainer, state, BF_MAX_STATE);
    for (int i = 0; i < n; i++) {
        char name[80];
        snprintf(name, sizeof name, "state/%.70s", state[i].name);
        memcpy(state[i].name, name, sizeof name);
        BF_TRY(bf_config_file_array(f, &state[i], &(bf_dataset_text){ "element", "1", "state of the training" }));
    }
    return BF_DONE;
}

/* Which beta the rows, pictures and latents of a conditioned model belong to. */
static bf_status write_told(bf_config_file *f, const bf_job *job)
{
    const bf_attr beta = { .name = "beta", .type = 'f', .real = job->told };
    if (!bf_beta_conditioned(&job->config.vae)) return BF_DONE;
    if (job->config.output.posterior_train || job->config.output.posterior_test) BF_TRY(bf_config_file_attrs(f, "posterior", &beta, 1));
    return bf_config_file_attrs(f, "latents", &beta, 1);
}

/* What measures left beside their columns, and what kind of number this model's likelihoods are. */
static bf_status write_measured(bf_config_file *f, const bf_job *job)
{
    const char *kind = bf_nll_kind_name(bf_nll_kind_of(&job->config.vae, &job->evaluation[BF_TRAIN]));
    BF_TRY(bf_config_file_attrs(f, "metrics", &(bf_attr){ .name = "log_likelihood", .type = 's', .text = kind }, 1));
    for (int i = 0; i < job->n_kept; i++) BF_TRY(bf_config_file_array(f, &job->kept[i], NULL));
    return BF_DONE;
}

static bf_status write_view(bf_config_file *f, const bf_job *job, const view *v)
{
    BF_TRY(write_posteriors(f, job, v));
    BF_TRY(write_latents(f, job, v));
    BF_TRY(write_pictures(f, job, v));
    return write_traversals(f, job, v);
}

/* Where the time of writing goes. */
typedef struct laps { bf_times spent; double then; } laps;

/* The model at one more beta. Its rows are made here and let go again, so that any number of betas needs the memory of one. */
static bf_status write_at_beta(bf_config_file *f, const bf_job *job, int k, laps *t)
{
    char home[24];
    bf_evaluator *e = bf_trainer_evaluator(job->trainer);
    bf_evaluation at[BF_SPLITS] = { 0 };
    const bf_attr beta = { .name = "beta", .type = 'f', .real = job->config.output.betas.at[k] };
    bf_status s = BF_DONE;
    bf_times_lap(&t->spent, BF_PHASE_FILES, &t->then);
    bf_evaluator_tell(e, beta.real);
    for (int split = BF_TRAIN; !s.code && split < BF_SPLITS; split++)
        s = bf_evaluate(e, bf_trainer_theta(job->trainer), (bf_split)split, NAN, true, &at[split]);
    bf_times_lap(&t->spent, BF_PHASE_EVALUATION, &t->then);
    snprintf(home, sizeof home, "by_beta/b%d", k);
    if (!s.code) s = bf_config_file_attrs(f, home, &beta, 1);
    strcat(home, "/");
    if (!s.code) s = write_view(f, job, &(view){ home, at });
    for (int split = 0; split < BF_SPLITS; split++) bf_evaluation_free(&at[split]);
    return s;
}

static bf_status write_by_beta(bf_config_file *f, const bf_job *job, laps *t)
{
    if (!bf_beta_conditioned(&job->config.vae)) return BF_DONE;
    for (int k = 0; k < job->config.output.betas.count; k++) BF_TRY(write_at_beta(f, job, k, t));
    bf_evaluator_tell(bf_trainer_evaluator(job->trainer), job->told);
    return BF_DONE;
}

static bf_status write_done(bf_config_file *f, const bf_job *job, laps *t)
{
    const bf_output_options *o = &job->config.output;
    if (o->weights) BF_TRY(write_weights(f, job));
    BF_TRY(write_view(f, job, &(view){ "", job->evaluation }));
    BF_TRY(write_told(f, job));
    BF_TRY(write_measured(f, job));
    BF_TRY(write_by_beta(f, job, t));
    if (o->state) BF_TRY(write_state(f, job));
    return BF_DONE;
}

bf_status bf_outputs_write(const bf_job *job, bf_result *r, bf_times *spent)
{
    bf_config_file *f = NULL;
    laps t = { .then = bf_clock_seconds() };
    BF_TRY(bf_config_file_create(job->crew->team, &job->crew->site, job->id, &f));
    bf_status s = r->status == BF_CONFIG_DONE ? write_done(f, job, &t) : BF_DONE;
    bf_times_lap(&t.spent, BF_PHASE_FILES, &t.then);
    bf_times_add(&r->times, &t.spent);
    r->seconds += t.spent.seconds[BF_PHASE_EVALUATION];
    if (!s.code) s = write_rows_and_keys(f, job, r);
    bf_status closed = bf_config_file_close(&f, s.code == BF_OK);
    bf_times_lap(&t.spent, BF_PHASE_FILES, &t.then);
    bf_times_add(spent, &t.spent);
    return s.code ? s : closed;
}
