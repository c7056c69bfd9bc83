#include "store/schema.h"

#include <fnmatch.h>
#include <string.h>

/* Rows are looked up first to last, so a special name stands before its pattern. */
static const bf_object objects[] = {
    { "/config", "config", "i32", "1", "configuration id", "root scale; the row number of every table" },
    { "/split", "split", "S5", "1", "part of the data", "root scale: train, test" },
    { "/epoch", "epoch", "i32", "1", "epoch, counted from 1", "root scale; as long as the longest history" },

    { "/sweep", NULL, "group", "", "what was varied, and how each configuration ended", NULL },
    { "/sweep/status", "config", "i8", "1", "state of the configuration",
      "0 pending, 1 running, 2 done, 3 diverged, 4 failed, 5 stopped (flag_values, flag_meanings)" },
    { "/sweep/attempts", "config", "i64", "1", "how often training was started from step 0", NULL },
    { "/sweep/error", "config", "S208", "1", "why it did not end well", "empty when it did" },
    { "/sweep/epochs_done", "config", "i64", "1", "epochs trained", NULL },
    { "/sweep/steps", "config", "i64", "1", "optimiser steps", NULL },
    { "/sweep/seconds", "config", "f64", "s", "time of training and evaluation", NULL },
    { "/sweep/parameters", "config", "i64", "1", "trained numbers in the model", NULL },
    { "/sweep/config_hash", "config", "S16", "1", "hash of every key that changes results", NULL },
    { "/sweep/*", "config", "i64, f64, i8 or S64", "1", "a swept key, dots written as underscores",
      "always there: objective_beta, model_latent, seed. Where a key does not apply: NaN, -1 or an empty text" },

    { "/metrics", NULL, "group", "", "numbers about the trained models", "NaN where a value is absent" },
    { "/history", NULL, "group", "", "epoch means during training", "NaN after a configuration's last epoch" },

    { "/configs", NULL, "group", "", "one group for every ended configuration",
      "external links to configs/c0000.h5 of the same folder; real groups in a packed file" },
    { "/configs/*", NULL, "link to group", "", "bulk results of one configuration",
      "attributes repeat its effective keys, and status, attempts, error, epochs_done, steps, seconds, parameters, config_hash" },
    { "/configs/*/metrics/*", "split", "f64", "1", "this configuration's row of the table of that name",
      "a column that has no value here is left out" },
    { "/configs/*/history/*", "epoch", "f64", "1", "this configuration's row of the table of that name",
      "as long as its own training; a column that has no value here is left out" },
    { "/configs/*/weights", NULL, "group", "", "final parameters", "attributes network, activation, hidden tell how to rebuild the network" },
    { "/configs/*/weights/*", NULL, "f32", "1", "final parameters",
      "PyTorch layout: dense (out, in), conv (out, in, kh, kw), transposed conv (in, out, kh, kw); encoder.0.weight, ..., likelihood.log_variance" },
    { "/configs/*/posterior/*/mean", "sample latent", "f32", "1", "posterior mean", "every sample of the split in data-set order" },
    { "/configs/*/posterior/*/logvar", "sample latent", "f32", "1", "log of the posterior variance", NULL },
    { "/configs/*/posterior/*/scale", "sample latent", "f32", "1", "posterior scale", "instead of logvar where the posterior has one" },
    { "/configs/*/posterior/*/z", "sample latent", "f32", "1", "one posterior draw per sample", NULL },
    { "/configs/*/second_stage/train", "sample latent", "f32", "1", "second-stage training set", "a hard link to posterior/train/z" },
    { "/configs/*/latents/kl", "latent", "f64", "nat", "rate of each latent dimension", NULL },
    { "/configs/*/latents/mean_variance", "latent", "f64", "1", "variance of the posterior mean over the samples", NULL },
    { "/configs/*/latents/mean_logvar", "latent", "f64", "1", "mean log posterior variance", NULL },
    { "/configs/*/latents/histogram", "latent bin", "i64", "1", "counts of the draws z", "201 bins on [-5, 5] between one for less and one for more" },
    { "/configs/*/spectrum", "latent", "f64", "1", "singular values of the aggregated posterior over sqrt(samples)", NULL },
    { "/configs/*/samples", NULL, "f32", "1", "decoder means at draws from the prior", "(sample, ...shape of a sample), model units (u8 data: divided by 255)" },
    { "/configs/*/reconstructions", NULL, "f32", "1", "decoder means at the posterior means of the inputs", "(sample, ...shape of a sample)" },
    { "/configs/*/inputs", NULL, "f32", "1", "the first test samples", "(sample, ...shape of a sample)" },
    { "/configs/*/state/*", NULL, "as in memory", "1", "state of the training", "only with output.state: true, for extending the training" },

    { "/data", NULL, "group", "", "the data set", "attributes: source, hash, shape, value range; further data sets of a study are /data/set1, ..." },
    { "/data/labels/*", "sample", "i32", "1", "class of every sample", "link to data.h5" },
    { "/data/factors/*", "sample factor", "f32", "1", "generating factors of every sample", "link to data.h5" },
    { "/data/clean/*", "sample entry", "f32", "1", "what the sample was before it was corrupted", "link to data.h5" },

    { "/provenance", NULL, "group", "", "where these numbers come from", "attributes: version, compiler, libraries, processor, kernels, precision, determinism" },
    { "/provenance/input", "", "text", "1", "the study file as it was given", NULL },
    { "/provenance/effective_input", "", "text", "1", "every key with its value; running it again reproduces the study", NULL },
    { "/provenance/runs/run", "run", "i32", "1", "run of the program", "scale of this table" },
    { "/provenance/runs/start", "run", "S32", "1", "start, UTC", NULL },
    { "/provenance/runs/end", "run", "S32", "1", "end, UTC", "empty while it runs, or when it was killed" },
    { "/provenance/runs/job", "run", "S64", "1", "job id of the scheduler", NULL },
    { "/provenance/runs/hosts", "run", "S256", "1", "hosts", NULL },
    { "/provenance/runs/ranks", "run", "i64", "1", "MPI processes", NULL },
    { "/provenance/runs/exit_code", "run", "i64", "1", "exit code", "-1 while it runs, or when it was killed" },
};
enum { OBJECTS = sizeof objects / sizeof objects[0] };

const bf_object *bf_schema_find(const char *path)
{
    for (int i = 0; i < OBJECTS; i++)
        if (fnmatch(objects[i].path, path, FNM_PATHNAME) == 0) return &objects[i];
    return NULL;
}

/* A bar inside a Markdown table would end its cell. */
static void put_cell(const char *text, FILE *to)
{
    for (; text && *text; text++) {
        if (*text == '|') fputc('\\', to);
        fputc(*text, to);
    }
    fputs(" |", to);
}

static void print_columns(const char *group, const char *dims, const bf_column *c, int n, FILE *to)
{
    fprintf(to, "\n## /%s\n\nEvery dataset is (%s), float64.\n\n| dataset | units | meaning | definition |\n|---|---|---|---|\n", group, dims);
    for (int i = 0; i < n; i++) {
        fprintf(to, "| `/%s/%s` | %s | ", group, c[i].name, c[i].unit);
        put_cell(c[i].long_name, to);
        fputc(' ', to);
        put_cell(c[i].definition, to);
        fputc('\n', to);
    }
}

static void print_dims(const char *dims, FILE *to)
{
    if (!dims) return;
    fputc('(', to);
    for (; *dims; dims++) fputs(*dims == ' ' ? ", " : (char[]){ *dims, '\0' }, to);
    fputc(')', to);
}

static void print_objects(FILE *to)
{
    fputs("\n## Objects\n\n`*` stands for one name: a configuration (`c0000`), a split (`train`, `test`), a column.\n\n"
          "| object | shape | type | units | meaning |\n|---|---|---|---|---|\n", to);
    for (const bf_object *o = objects; o < objects + OBJECTS; o++) {
        fprintf(to, "| `%s` | ", o->path);
        print_dims(o->dims, to);
        fprintf(to, " | %s | %s | %s%s%s |\n", o->type, o->unit, o->long_name, o->meaning ? "; " : "", o->meaning ? o->meaning : "");
    }
}

static const char introduction[] =
    "# What a study leaves here\n\n"
    "Every run writes a folder of its own below this one: `study.h5` (open this one), `configs/c0000.h5` and so on (one file per ended\n"
    "configuration), `data.h5` (labels and factors, when the data have them), `checkpoints/` (only while configurations are unfinished),\n"
    "`study.yaml` (the effective input), `log.txt`, `log.jsonl`, `progress.json`. `betafield pack DIR -o FILE.h5` makes one file with the\n"
    "same objects; `betafield verify` checks either. This page is printed from the tables the writers use (schema version %d).\n\n"
    "```python\n"
    "import h5py\n"
    "f = h5py.File(\"study.h5\")\n"
    "f[\"sweep/objective_beta\"][:], f[\"metrics/rate\"][:, 1]             # one row per configuration; split 1 is the test part\n"
    "f[\"configs/c0007/posterior/train/mean\"][:]                         # (sample, latent)\n"
    "f.attrs[\"study\"].decode()                                          # texts are bytes to h5py\n\n"
    "import xarray\n"
    "xarray.open_dataset(\"study.h5\", engine=\"h5netcdf\", group=\"metrics\")\n"
    "xarray.open_datatree(\"packed.h5\", engine=\"h5netcdf\")                # everything; for some tens of configurations\n"
    "```\n\n"
    "Every dataset has `long_name`, `units`, `dims` (a word per axis) and `checksum`: 16 hex digits, the XXH3-64 over the XXH3-64s\n"
    "(8 bytes each, little endian) of its 1 MiB blocks. Measures also have `definition`. Texts are fixed-length UTF-8.\n"
    "In `study.h5` the axes are dimension scales at the root. `betafield pack` attaches scales inside each configuration's group too; they\n"
    "are axes without values, and two axes of one name and different lengths get the length as an ending: `out`, `out_25`.\n\n"
    "Root attributes: `Conventions`, `schema_version`, `study`, `study_uuid`, `created`, `complete` (1 when every configuration is done).\n";

void bf_schema_print(const bf_schema *schema, FILE *to)
{
    fprintf(to, introduction, BF_SCHEMA_VERSION);
    print_objects(to);
    print_columns("metrics", "config, split", schema->metrics, schema->n_metrics, to);
    print_columns("history", "config, epoch", schema->history, schema->n_history, to);
}
