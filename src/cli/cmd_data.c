/* betafield data: the study's data set, also a generated one, as an HDF5 file that `data.source: hdf5` reads back byte for byte. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "data/dataset.h"
#include "farm/study_data.h"
#include "store/data_file.h"
#include "store/library.h"
#include "store/own_files.h"

enum { MAX_ARRAYS = 8, MAX_ATTRS = 16 };

typedef struct data_options { const char *input, *out; bf_texts set; } data_options;

static const bf_option options[] = {
    { "INPUT.yaml", NULL, BF_OPTION_PLACE, offsetof(data_options, input), 0, "the study file" },
    { "-o", "FILE.h5", BF_OPTION_TEXT, offsetof(data_options, out), 0, "the file to write" },
    { "--set", "KEY=VALUE", BF_OPTION_TEXTS, offsetof(data_options, set), 0, "override a key of the study file; may be repeated" },
    { 0 },
};

static const char *const part_name[BF_SPLITS] = { "train", "test" };

static void add_array(bf_array *arrays, int *n, bf_split split, const char *leaf, bf_type type, int rank, const int64_t shape[4], const void *data)
{
    bf_array *a = &arrays[*n];
    if (!data)
        return;
    *a = (bf_array){ .type = type, .rank = rank, .data = (void *)data };     /* only read from */
    snprintf(a->name, sizeof a->name, "%s/%s", part_name[split], leaf);
    memcpy(a->shape, shape, sizeof a->shape);
    ++*n;
}

/* All arrays of a data set, borrowed; an empty part has none. */
static int list_arrays(const bf_dataset *ds, bf_array out[MAX_ARRAYS])
{
    const bf_data_info *i = bf_dataset_info(ds);
    int n = 0;
    for (int s = 0; s < BF_SPLITS; s++) {
        const bf_split split = (bf_split)s;
        const int64_t rows = i->rows[s], factors[4] = { rows, i->factors };
        int64_t shape[4] = { rows };
        for (int k = 0; k < i->dims; k++)
            shape[k + 1] = i->shape[k];
        if (rows == 0)
            continue;
        add_array(out, &n, split, "x", i->stored == BF_STORED_U8 ? BF_TYPE_U8 : BF_TYPE_F32, i->dims + 1, shape, bf_dataset_stored(ds, split));
        add_array(out, &n, split, "label", BF_TYPE_I32, 1, factors, bf_dataset_labels(ds, split));
        add_array(out, &n, split, "factors", BF_TYPE_F32, 2, factors, bf_dataset_factors(ds, split));
        add_array(out, &n, split, "clean", BF_TYPE_F32, i->dims + 1, shape, bf_dataset_clean(ds, split));
    }
    return n;
}

static int list_attrs(const bf_config *c, const bf_data_info *i, char hash[17], bf_attr out[MAX_ATTRS])
{
    snprintf(hash, 17, "%016" PRIx64, i->hash);
    const bf_attr all[] = {
        { .name = "study", .type = 's', .text = c->study },
        { .name = "source", .type = 's', .text = c->data.source },
        { .name = "seed", .type = 'i', .integer = (int64_t)c->data.seed },
        { .name = "hash", .type = 's', .text = hash },
        { .name = "binarize", .type = 's', .text = c->data.binarize },
        { .name = "scale", .type = 'f', .real = i->scale },         /* model units = stored * scale + shift */
        { .name = "shift", .type = 'f', .real = i->shift },
        { .name = "minimum", .type = 'f', .real = i->minimum },     /* these three in model units */
        { .name = "maximum", .type = 'f', .real = i->maximum },
        { .name = "variance", .type = 'f', .real = i->variance },
        { .name = "classes", .type = 'i', .integer = i->labels },
    };
    _Static_assert(sizeof all / sizeof all[0] <= MAX_ATTRS, "room for every attribute");
    memcpy(out, all, sizeof all);
    return (int)(sizeof all / sizeof all[0]);
}

/* Local: the rank that writes. */
static bf_status write_file(const char *path, const bf_config *c, const bf_dataset *ds)
{
    bf_array arrays[MAX_ARRAYS];
    bf_attr attrs[MAX_ATTRS];
    char hash[17], tag[37];
    const bf_data_info *i = bf_dataset_info(ds);
    const int n = list_arrays(ds, arrays), n_attrs = list_attrs(c, i, hash, attrs);
    bf_uuid(tag);
    BF_TRY(bf_data_file_write(path, tag, arrays, n, attrs, n_attrs));
    printf("%s: %lld training and %lld test samples of ", path, (long long)i->rows[BF_TRAIN], (long long)i->rows[BF_TEST]);
    for (int k = 0; k < i->dims; k++)
        printf("%s%d", k ? "x" : "", i->shape[k]);
    printf(" (%s), %.1f MiB, hash %s\n", i->stored == BF_STORED_U8 ? "u8" : "f32", (double)bf_file_size(path) / (1 << 20), hash);
    return BF_DONE;
}

/* Local. Reads, parses and looks at what the file names; prints what is wrong where a rank speaks. */
static bf_status load(bf_input_file *in, const data_options *o, bool speaks)
{
    bf_data_info info;
    BF_TRY(bf_input_read(in, o->input));
    BF_TRY(bf_input_parse(in, &o->set));
    if (in->study) {
        const bf_data_options *d = &bf_study_base(in->study)->data;
        bf_status s = bf_dataset_inspect(d, &info);
        if (s.code)
            BF_TRY(bf_study_data_problem(in->study, d, s, &in->problems));
    }
    return bf_input_verdict(in, speaks ? stderr : NULL);
}

/* Collective over world. */
static bf_status write_data(const bf_comm *world, const data_options *o, bf_input_file *in)
{
    bf_comm *node = NULL;
    bf_dataset *ds = NULL;
    bf_status s = BF_DONE;
    BF_TRY(bf_comm_agree(world, load(in, o, bf_comm_rank(world) == 0)));
    const bf_config *c = bf_study_base(in->study);
    BF_TRY_DONE(bf_comm_node(world, &node));
    BF_TRY_DONE(bf_dataset_open(world, node, &c->data, &ds));
    if (bf_comm_rank(world) == 0)
        s = write_file(o->out, c, ds);
    s = bf_comm_agree(world, s);
done:
    bf_dataset_close(&ds);
    bf_comm_free(&node);
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    data_options o = { 0 };
    bf_input_file in = { 0 };
    bf_comm *world = NULL;
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code && !o.out)
        s = BF_FAIL(BF_E_USAGE, "-o FILE.h5 is missing");
    if (!s.code)
        s = bf_own_files_differ(o.input, o.out);
    if (s.code)
        return bf_command_end(&bf_command_data, &s);
    s = bf_comm_init(&argc, &argv, faults, &world);
    if (!s.code)
        s = write_data(world, &o, &in);
    const bool speaks = !world || bf_comm_rank(world) == 0;
    const int code = speaks ? bf_command_end(&bf_command_data, &s) : bf_status_exit_code(&s);
    bf_input_free(&in);
    bf_store_finalize(&world, code);
    return code;
}

const bf_command bf_command_data = {
    .name = "data",
    .synopsis = "data INPUT.yaml -o FILE.h5 [--set KEY=VALUE]...",
    .help =
        "write a study's data set as HDF5\n"
        "\n"
        "  betafield data study.yaml -o data.h5\n"
        "  betafield data study.yaml -o small.h5 --set data.train=1000\n"
        "\n"
        "Writes /train/x, /test/x, labels and factors where there are any, also of generated data. What a\n"
        "study with `data: {source: hdf5, path: data.h5}` reads is the same byte for byte. A swept data.*\n"
        "key has the value of the file without its sweep; --set chooses another.\n",
    .run = command,
    .options = options,
};
