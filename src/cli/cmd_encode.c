/* betafield encode: new data through the encoder and decoder of one trained configuration. */
#include "cli/cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/encoder.h"
#include "cli/sample_labels.h"
#include "store/data_file.h"
#include "store/own_files.h"
#include "study/study.h"
#include "vae/condition.h"

typedef struct encode_options {
    const char *dir, *data, *out, *dataset;
    int64_t     config, label;
    double      beta;
} encode_options;

static const bf_option options[] = {
    { "DIR", NULL, BF_OPTION_PLACE, offsetof(encode_options, dir), 0, "the study's folder" },
    { "DATA.h5", NULL, BF_OPTION_PLACE, offsetof(encode_options, data), 0, "an HDF5 file with the samples, (sample, ...shape), u8 or f32" },
    { "--config", "ID", BF_OPTION_INT, offsetof(encode_options, config), 0, "the configuration whose weights encode" },
    { "-o", "OUT.h5", BF_OPTION_TEXT, offsetof(encode_options, out), 0, "the file to write" },
    { "--dataset", "NAME", BF_OPTION_TEXT, offsetof(encode_options, dataset), 0, "the data set inside DATA.h5 (default: x, train/x or test/x)" },
    { "--beta", "B", BF_OPTION_REAL, offsetof(encode_options, beta), 0, "the beta that a model of a range is told; such a model needs it" },
    { "--label", "Y", BF_OPTION_INT, offsetof(encode_options, label), 0, "the class of all samples, for a model that is told classes (default: the file's)" },
    { 0 },
};

typedef struct samples {
    bf_data_file *file;
    bf_array about;
    bf_sample_labels labels;            /* open where a model is told them and --label does not say */
    double   scale, shift;              /* model units = stored * scale + shift */
} samples;

/* --- reading -------------------------------------------------------------------------------------------------------- */

static bf_status find_dataset(const bf_data_file *f, const encode_options *o, bf_array *out)
{
    static const char *const usual[] = { "x", "train/x", "test/x" };
    bool found = false;
    if (o->dataset) {
        BF_TRY(bf_data_file_describe(f, o->dataset, out, &found));
        return found ? BF_DONE : BF_FAIL(BF_E_INPUT, "%s has no data set %s", o->data, o->dataset);
    }
    for (int i = 0; i < 3 && !found; i++) BF_TRY(bf_data_file_describe(f, usual[i], out, &found));
    return found ? BF_DONE : BF_FAIL(BF_E_INPUT, "%s has no data set x, train/x or test/x; --dataset names another", o->data);
}

/* How stored values become model units: as the study's own when they are stored alike; else u8 over 255 and floats as they are, unless
 * the study's constants were taken from its data and cannot mean the other type. */
static bf_status choose_scale(const bf_encoder *e, const encode_options *o, samples *s)
{
    const bool u8 = s->about.type == BF_TYPE_U8, study_u8 = e->stored == BF_STORED_U8;
    const char *scale = e->config.data.scale;
    s->scale = 1.0;
    s->shift = 0.0;
    if (s->about.type != BF_TYPE_U8 && s->about.type != BF_TYPE_F32 && s->about.type != BF_TYPE_F64)
        return BF_FAIL(BF_E_INPUT, "%s: %s holds integers; samples are u8 or floating point", o->data, s->about.name);
    if (u8 == study_u8) {
        s->scale = e->scale;
        s->shift = e->shift;
    } else if (strcmp(scale, "minmax") == 0 || strcmp(scale, "standardize") == 0) {
        return BF_FAIL(BF_E_INPUT, "%s: %s is %s, but the study trained on %s with data.scale: %s; store it alike", o->data, s->about.name,
                       u8 ? "u8" : "floating point", study_u8 ? "u8" : "f32", scale);
    } else if (u8 && strcmp(scale, "auto") == 0) {
        s->scale = 1.0 / 255.0;
    }
    return BF_DONE;
}

static bf_status open_samples(const bf_encoder *e, const encode_options *o, samples *s)
{
    bf_status opened = bf_data_file_open(o->data, &s->file);
    if (opened.code == BF_E_IO) opened.code = BF_E_INPUT;
    if (opened.code) return opened;
    BF_TRY(find_dataset(s->file, o, &s->about));
    const int64_t count = bf_array_count(&s->about);
    if (s->about.rank < 2 || count < 1) return BF_FAIL(BF_E_INPUT, "%s: %s holds no samples, (sample, ...shape)", o->data, s->about.name);
    const int64_t width = count / s->about.shape[0];
    if (width != e->width)
        return BF_FAIL(BF_E_INPUT, "%s: samples of %s have %lld values, the study's have %d", o->data, s->about.name, (long long)width, e->width);
    if (e->classes > 0 && o->label < 0) BF_TRY(bf_sample_labels_open(e, s->file, o->data, &s->about, &s->labels));
    return choose_scale(e, o, s);
}

/* In the types in which the data set does it for training, so that the same bytes are the same numbers. */
static void convert_u8(const samples *s, size_t count, const uint8_t *restrict stored, float *restrict x)
{
    const float scale = (float)s->scale, shift = (float)s->shift;
    for (size_t i = 0; i < count; i++) x[i] = (float)stored[i] * scale + shift;
}

static void convert_f32(const samples *s, size_t count, float *x)
{
    for (size_t i = 0; i < count; i++) x[i] = (float)((double)x[i] * s->scale + s->shift);
}

/* Rows first .. first+n-1 in model units; stored is room for them as u8. */
static bf_status read_block(const samples *s, int64_t first, int n, size_t width, uint8_t *stored, float *x)
{
    const size_t count = (size_t)n * width;
    const bool u8 = s->about.type == BF_TYPE_U8;
    BF_TRY(bf_data_file_rows(s->file, s->about.name, u8 ? BF_TYPE_U8 : BF_TYPE_F32, first, n, u8 ? (void *)stored : (void *)x));
    if (u8) convert_u8(s, count, stored, x);
    else convert_f32(s, count, x);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i])) return BF_FAIL(BF_E_INPUT, "%s: sample %lld is not finite", s->about.name, (long long)first + (long long)(i / width));
    return BF_DONE;
}

/* The classes of these rows; NULL in labels where the model is told none. */
static bf_status read_labels(const encode_options *o, const samples *s, int64_t first, int n, int32_t *labels)
{
    if (labels && o->label < 0) return bf_sample_labels_read(&s->labels, first, n, labels);
    for (int i = 0; labels && i < n; i++) labels[i] = (int32_t)o->label;
    return BF_DONE;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

enum { MEAN, LOGVAR, Z, RECONSTRUCTION, RATE, MSE, LABEL, OUTPUTS };

static bf_status allocate_outputs(const bf_encoder *e, int64_t rows, bf_array *a)
{
    static const char *const name[OUTPUTS] = { "mean", "logvar", "z", "reconstruction", "rate", "mse", "label" };
    for (int i = 0; i < OUTPUTS; i++) {
        const bool latent = i == MEAN || i == LOGVAR || i == Z;
        if ((i == LOGVAR && e->vae.logvar == BF_NO_VALUE) || (i == RATE && e->vae.rate == BF_NO_VALUE) || (i == LABEL && e->classes == 0)) continue;
        a[i] = (bf_array){ .type = i == LABEL ? BF_TYPE_I32 : BF_TYPE_F32, .rank = latent ? 2 : 1, .shape = { rows, e->vae.latent } };
        if (i == RECONSTRUCTION) {
            a[i].rank = 1 + e->dims;
            for (int d = 0; d < e->dims; d++) a[i].shape[1 + d] = e->shape[d];
        }
        snprintf(a[i].name, sizeof a[i].name, "%s", name[i]);
        const int64_t count = bf_array_count(&a[i]);
        a[i].data = count > 0 ? calloc((size_t)count, bf_type_size(a[i].type)) : NULL;
        if (!a[i].data) return BF_FAIL(BF_E_MEMORY, "no memory for %lld rows of %s", (long long)rows, a[i].name);
    }
    return BF_DONE;
}

static void *at_row(const bf_array *a, int64_t row)
{
    return a->data ? (char *)a->data + (size_t)row * (size_t)(bf_array_count(a) / a->shape[0]) * bf_type_size(a->type) : NULL;
}

static bf_status encode_rows(bf_encoder *e, const encode_options *o, const samples *s, bf_array *a)
{
    const int64_t rows = s->about.shape[0];
    const size_t block = (size_t)e->rows * (size_t)e->width;
    uint8_t *stored = malloc(block);
    float *x = malloc(block * sizeof *x);
    bf_status status = stored && x ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a block of samples");
    for (int64_t first = 0; !status.code && first < rows; first += e->rows) {
        const int n = (int)(rows - first < e->rows ? rows - first : e->rows);
        int32_t *labels = at_row(&a[LABEL], first);
        status = read_block(s, first, n, (size_t)e->width, stored, x);
        if (!status.code) status = read_labels(o, s, first, n, labels);
        if (status.code) break;
        const bf_encoded out = { at_row(&a[MEAN], first), at_row(&a[LOGVAR], first), at_row(&a[Z], first),
                                 at_row(&a[RECONSTRUCTION], first), at_row(&a[RATE], first), at_row(&a[MSE], first) };
        bf_encoder_run(e, x, labels, first, n, &out);
    }
    free(stored);
    free(x);
    return status;
}

static bf_status write_outputs(const encode_options *o, const bf_encoder *e, const bf_array *a)
{
    bf_array there[OUTPUTS];
    char uuid[37];
    int n = 0;
    for (int i = 0; i < OUTPUTS; i++)
        if (a[i].data) there[n++] = a[i];
    bf_uuid(uuid);
    const bf_attr attrs[] = { { .name = "study", .type = 's', .text = e->config.study }, { .name = "config", .type = 'i', .integer = o->config },
                              { .name = "config_hash", .type = 's', .text = e->hash }, { .name = "data", .type = 's', .text = o->data },
                              { .name = "beta", .type = 'f', .real = o->beta } };
    return bf_data_file_write(o->out, uuid, there, n, attrs, isnan(o->beta) ? 4 : 5);
}

/* --- the command ---------------------------------------------------------------------------------------------------- */

static bf_status check(const encode_options *o)
{
    if (o->config < 0) return BF_FAIL(BF_E_USAGE, "--config is missing: which configuration's weights?");
    if (!o->out) return BF_FAIL(BF_E_USAGE, "-o is missing: where should the result go?");
    return BF_DONE;
}

static bf_status check_label(const encode_options *o, const bf_encoder *e)
{
    if (o->label < e->classes) return BF_DONE;      /* -1, not given, is below any number of them */
    if (e->classes == 0) return BF_FAIL(BF_E_USAGE, "--label: c%04lld is not conditioned on labels; its encoder has none to be told", (long long)o->config);
    return BF_FAIL(BF_E_USAGE, "--label: c%04lld has learned the classes 0 to %d", (long long)o->config, e->classes - 1);
}

static bf_status tell(const encode_options *o, bf_encoder *e)
{
    const bf_vae_options *v = &e->config.vae;
    const long long id = o->config;
    if (!bf_beta_conditioned(v)) {
        if (isnan(o->beta)) return BF_DONE;
        return BF_FAIL(BF_E_USAGE, "--beta: c%04lld is not conditioned on beta; its encoder has none to be told", id);
    }
    if (isnan(o->beta))
        return BF_FAIL(BF_E_USAGE, "--beta is missing: c%04lld is one model for every beta in [%g, %g]", id, v->beta_range[0], v->beta_range[1]);
    if (!bf_condition_knows(v, o->beta))
        return BF_FAIL(BF_E_USAGE, "--beta: c%04lld has learned %s[%g, %g]", id, bf_modulation_find(v->modulation)->listed ? "the grid's values in " : "the range ",
                       v->beta_range[0], v->beta_range[1]);
    bf_vae_tell(&e->vae, v, o->beta);
    return BF_DONE;
}

static bf_status encode(const encode_options *o, bf_encoder *e, samples *s, bf_array *a)
{
    BF_TRY(check(o));
    BF_TRY(bf_own_files_spare(o->dir, o->out));
    BF_TRY(bf_own_files_differ(o->data, o->out));
    BF_TRY(bf_encoder_open(o->dir, o->config, e));
    BF_TRY(tell(o, e));
    BF_TRY(check_label(o, e));
    BF_TRY(open_samples(e, o, s));
    BF_TRY(allocate_outputs(e, s->about.shape[0], a));
    BF_TRY(encode_rows(e, o, s, a));
    BF_TRY(write_outputs(o, e, a));
    printf("%s: %lld samples encoded by c%04lld\n", o->out, (long long)s->about.shape[0], (long long)o->config);
    return BF_DONE;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    encode_options o = { .config = -1, .label = -1, .beta = NAN };
    bf_encoder *e = calloc(1, sizeof *e);
    samples data = { 0 };
    bf_array a[OUTPUTS] = { 0 };
    bf_status s = e ? bf_args_read(options, argc, argv, &o) : BF_FAIL(BF_E_MEMORY, "no memory");
    if (!s.code) s = encode(&o, e, &data, a);
    for (int i = 0; i < OUTPUTS; i++) free(a[i].data);
    bf_sample_labels_close(&data.labels);
    bf_data_file_close(&data.file);
    if (e) bf_encoder_close(e);
    free(e);
    return bf_command_end(&bf_command_encode, &s);
}

const bf_command bf_command_encode = {
    .name = "encode",
    .synopsis = "encode DIR --config ID DATA.h5 -o OUT.h5 [--dataset NAME] [--beta B] [--label Y]",
    .help =
        "new data through a trained model: mean, logvar, z, reconstruction\n"
        "\n"
        "  betafield encode outputs/quickstart --config 3 new.h5 -o encoded.h5\n"
        "  betafield encode outputs/conditioned-rd --config 1 --beta 0.5 new.h5 -o encoded.h5\n"
        "\n"
        "Writes the posterior's mean and logvar, one draw z, the decoder mean at the posterior mean (model\n"
        "units), and per sample the rate (nat) and the squared error per value. Samples stored like the\n"
        "study's own are scaled like them; else u8 is divided by 255 and floats are taken as they are.\n"
        "A model that is told classes takes them from the data set `label` beside the samples (train/label\n"
        "for train/x), or, where the study says data.label: k, from the values in column k of `factors`;\n"
        "--label gives all samples one. The result has the classes, too.\n",
    .run = command,
    .options = options,
};
