#include "store/schema.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#define SPLIT_OF "wall clock of the team's leader, over the training steps that led to the result: steps lost in a crash and diverged attempts do not count"

/* Rows are looked up first to last, so a special name stands before its pattern. */
static const bf_object objects[] = {
    { "/config", "config", "i32", "1", "configuration id", "root scale; the row number of every table" },
    { "/split", "split", "S5", "1", "part of the data", "root scale: train, test" },
    { "/beta_grid", "beta_grid", "f64", "1", "beta that conditioned models were told", "root scale; objective.grid, where some configuration has model.condition: beta" },
    { "/epoch", "epoch", "i32", "1", "epoch, counted from 1", "root scale; as long as the longest history" },

    { "/sweep", NULL, "group", "", "what was varied, and how each configuration ended", NULL },
    { "/sweep/status", "config", "i8", "1", "state of the configuration",
      "0 pending, 1 running, 2 done, 3 diverged, 4 failed, 5 stopped (flag_values, flag_meanings)" },
    { "/sweep/attempts", "config", "i64", "1", "how often training was started from step 0", NULL },
    { "/sweep/error", "config", "S208", "1", "why it did not end well", "empty when it did" },
    { "/sweep/epochs_done", "config", "i64", "1", "epochs trained", NULL },
    { "/sweep/steps", "config", "i64", "1", "optimiser steps", NULL },
    { "/sweep/seconds", "config", "f64", "s", "time of training and evaluation", NULL },
    { "/sweep/seconds_data", "config", "f64", "s", "time of bringing samples into batches", SPLIT_OF },
    { "/sweep/seconds_forward", "config", "f64", "s", "time of forward passes in training", SPLIT_OF },
    { "/sweep/seconds_backward", "config", "f64", "s", "time of backward passes", SPLIT_OF },
    { "/sweep/seconds_reduce", "config", "f64", "s", "time of sums over lanes and ranks, and of sharing the new parameters", SPLIT_OF },
    { "/sweep/seconds_update", "config", "f64", "s", "time of gradient norms and the optimiser", SPLIT_OF },
    { "/sweep/seconds_evaluation", "config", "f64", "s", "time of evaluation and measures", "during training and after it; clock as in seconds_data" },
    { "/sweep/seconds_files", "config", "f64", "s", "time of checkpoints and of the configuration's file",
      "up to the closing of that file; clock as in seconds_data" },
    { "/sweep/flops", "config", "f64", "1", "floating-point operations of the training steps",
      "counted from the layers, forward and backward, by all ranks of the team; the optimiser and elementwise operations are not counted" },
    { "/sweep/gflops", "config", "f64", "Gflop/s", "what one rank achieved in training steps",
      "1e-9 flops / (the time of seconds_data to seconds_update times the team's ranks); NaN without steps" },
    { "/sweep/roof_share", "config", "f64", "1", "gflops over those of a large matrix product",
      "in the configuration's own backend and precision, measured on the rank that led it; NaN without steps" },
    { "/sweep/parameters", "config", "i64", "1", "trained numbers in the model", NULL },
    { "/sweep/parent", "config", "i32", "1", "configuration from whose final weights the training started",
      "-1: none; neighbours along the key that warm_start.along names start from each other's" },
    { "/sweep/config_hash", "config", "S16", "1", "hash of every key that changes results",
      "and of the weights that the training started from, where they were not drawn" },
    { "/sweep/*", "config", "i64, f64, i8 or S64", "1", "a swept key, dots written as underscores",
      "always there: objective_beta, model_latent, seed. Where a key does not apply: NaN, -1 or an empty text" },

    { "/metrics", NULL, "group", "", "numbers about the trained models", "NaN where a value is absent" },
    { "/metrics_by_beta", NULL, "group", "", "numbers about models conditioned on beta, at every value of the grid",
      "(config, beta_grid, split), the columns of /metrics; NaN for other configurations" },
    { "/history", NULL, "group", "", "epoch means during training", "NaN after a configuration's last epoch" },

    { "/configs", NULL, "group", "", "one group for every ended configuration",
      "external links to configs/c0000.h5 of the same folder; real groups in a packed file" },
    { "/configs/*", NULL, "link to group", "", "bulk results of one configuration",
      "attributes repeat its effective keys, and status, attempts, error, epochs_done, steps, seconds, seconds_data ... seconds_files, flops, gflops, "
      "roof_share, parameters, config_hash, parent, origin (what config_hash covers beside the keys: the parent's hash, or a digest of the weights of "
      "train.init_from), kernels" },
    { "/configs/*/metrics", NULL, "group", "", "numbers about this model",
      "attribute log_likelihood: density (of samples in model units), probability (of stored values, or bits) or neither" },
    { "/configs/*/metrics/*", "split", "f64", "1", "this configuration's row of the table of that name",
      "a column that has no value here is left out" },
    { "/configs/*/beta_grid", "beta_grid", "f64", "1", "beta that this model was told", "only where model.condition has beta" },
    { "/configs/*/metrics_by_beta", NULL, "group", "", "numbers about this model at every value of beta_grid", NULL },
    { "/configs/*/metrics_by_beta/*", "beta_grid split", "f64", "1", "this configuration's part of the table of that name",
      "a column that has no value here is left out" },
    { "/configs/*/history/*", "epoch", "f64", "1", "this configuration's row of the table of that name",
      "as long as its own training; a column that has no value here is left out" },
    { "/configs/*/weights", NULL, "group", "", "final parameters",
      "attributes network, activation, hidden, encoder and decoder of networks in words, and classes of a model that is told labels say how to rebuild "
      "the network" },
    { "/configs/*/weights/*", NULL, "f32", "1", "final parameters",
      "PyTorch layout: dense (out, in), conv (out, in, kh, kw), transposed conv (in, out, kh, kw); encoder.0.weight, ..., likelihood.log_variance" },
    { "/configs/*/class_values", "class", "f32", "1", "value of the factor that each class stands for",
      "only where model.condition has label and data.label is a factor's number; NaN: no sample in use has that class" },
    { "/configs/*/posterior/*/mean", "sample latent", "f32", "1", "posterior mean", "every sample of the split in data-set order" },
    { "/configs/*/posterior/*/logvar", "sample latent", "f32", "1", "log of the posterior variance", NULL },
    { "/configs/*/posterior/*/scale", "sample latent", "f32", "1", "posterior scale", "instead of logvar where the posterior has one" },
    { "/configs/*/posterior/*/z", "sample latent", "f32", "1", "one posterior draw per sample", NULL },
    { "/configs/*/second_stage/train", "sample latent", "f32", "1", "second-stage training set", "a hard link to posterior/train/z" },
    { "/configs/*/latents/kl", "latent", "f64", "nat", "rate of each latent dimension", NULL },
    { "/configs/*/latents/mean_variance", "latent", "f64", "1", "variance of the posterior mean over the samples", NULL },
    { "/configs/*/latents/mean_logvar", "latent", "f64", "1", "mean log posterior variance", NULL },
    { "/configs/*/latents/histogram", "latent bin", "i64", "1", "counts of the draws z", "201 bins on [-5, 5] between one for less and one for more" },
    { "/configs/*/latents/variance_histogram", "latent bin", "i64", "1", "counts of the posterior variances",
      "100 bins on [0, 1.2] between one for less and one for more; with the measure collapse" },
    { "/configs/*/latents/log10_variance_histogram", "latent bin", "i64", "1", "counts of the decimal logarithms of the posterior variances",
      "120 bins on [-10, 1] between one for less and one for more; with the measure collapse" },
    { "/configs/*/latents/traversal_variance", "latent", "f64", "1", "variance of the decoder's mean along each latent dimension",
      "summed over entries, mean over posterior means as bases, 11 points in [-3, 3]; with the measure traversal" },
    { "/configs/*/by_beta", NULL, "group", "", "a model conditioned on beta, as it is stored at chosen values of beta", "output.betas: a group for each, b0, b1, ..., by rising beta" },
    { "/configs/*/by_beta/*", NULL, "group", "", "this model at one beta, the attribute beta",
      "posterior, second_stage, latents, samples and reconstructions, named and shaped as in the configuration's own group; those there are of the beta "
      "of objective.grid nearest 1" },
    { "/configs/*/spectrum", "latent", "f64", "1", "singular values of the aggregated posterior over sqrt(samples)", NULL },
    { "/configs/*/samples", NULL, "f32", "1", "decoder means at draws from the prior", "(sample, ...shape of a sample), model units (u8 data: divided by 255)" },
    { "/configs/*/samples_label", "sample", "i32", "1", "class that each of the samples was told",
      "that of a training sample drawn by chance; where model.condition has label" },
    { "/configs/*/reconstructions", NULL, "f32", "1", "decoder means at the posterior means of the inputs", "(sample, ...shape of a sample)" },
    { "/configs/*/traversals", NULL, "f32", "1", "decoder means where one latent dimension takes 7 evenly spaced values in [-2, 2]",
      "(sample x latent x value, ...shape of a sample); the others stay at the posterior mean of a first test sample; with output.traversals" },
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
    { "/provenance/runs/seconds_*", "run", "f64", "s", "time by phase, summed over the configurations trained in this run",
      "as /sweep/seconds_data and so on, with what was lost and with the closing of files; NaN while it runs, or when it trained nothing" },
    { "/provenance/runs/gflops", "run", "f64", "Gflop/s", "what one rank achieved in training steps", "over all configurations of this run" },
    { "/provenance/runs/roof_gflops", "run", "f64", "Gflop/s", "what one rank reaches in large matrix products",
      "flops over the time they would take at that speed, for every configuration in its own backend and precision" },
    { "/provenance/runs/roof_share", "run", "f64", "1", "gflops over roof_gflops", NULL },
    { "/provenance/runs/update_bandwidth", "run", "f64", "GB/s", "what the optimiser of one rank read and wrote",
      "parameters and state, and gradients where it does not take them from the cache as they are made; over the time of seconds_update" },
    { "/provenance/runs/memory_bandwidth", "run", "f64", "GB/s", "what one rank reads and writes of vectors longer than any cache", "measured on rank 0 at the end of the run" },
    { "/provenance/runs/memory_share", "run", "f64", "1", "update_bandwidth over memory_bandwidth", "above 1 where the parameters fit in a cache" },
};
enum { OBJECTS = sizeof objects / sizeof objects[0] };

/* A file of its own, which `betafield curve` writes; meanings become the attribute `definition`. */
static const bf_object curve_objects[] = {
    { "/curve", "curve", "i32", "1", "number of the curve", "root scale" },
    { "/point", "point", "i32", "1", "number of the point", "root scale; the points of a curve follow each other, by rising rate" },

    { "/curves/folder", "curve", "text", "1", "folder of the study", NULL },
    { "/curves/study", "curve", "text", "1", "name of the study", NULL },
    { "/curves/label", "curve", "text", "1", "what makes this curve", "the swept keys other than objective.beta and seed, with their values" },
    { "/curves/points", "curve", "i64", "1", "points on the curve", NULL },
    { "/curves/hull", "curve", "i64", "1", "vertices of the lower-left convex hull", NULL },
    { "/curves/rises", "curve", "i64", "1", "monotonicity violations", "points with more distortion than the one before, at more rate" },
    { "/curves/largest_rise", "curve", "f64", "nat", "greatest monotonicity violation", "largest rise of distortion from one point to the next; 0 without one" },
    { "/curves/slopes", "curve", "i64", "1", "pairs of neighbours that have a slope", "those at least 0.001 nat of rate apart" },
    { "/curves/slopes_agreeing", "curve", "i64", "1", "slopes that agree with beta", "-dD/dR lies between the two betas, as it must on a curve of optima" },
    { "/curves/hypervolume", "curve", "f64", "nat2", "dominated area", "area of the rates and distortions below the corner (root attributes) that some point has no more of either of" },
    { "/curves/reference", "curve", "i64", "1", "number of the curve it is compared with",
      "the first study's curve of the same label, else curve 0; -1 for curve 0" },
    { "/curves/area", "curve", "f64", "nat2", "signed area between the reference and this curve",
      "integral of (D - D_reference) dR over their common rates, trapezoids between the points of both; negative: this one is better" },
    { "/curves/area_from", "curve", "f64", "nat", "least rate both curves cover", NULL },
    { "/curves/area_to", "curve", "f64", "nat", "greatest rate both curves cover", NULL },
    { "/curves/mean_difference", "curve", "f64", "nat", "distortion above the reference at equal rate", "area / (area_to - area_from)" },

    { "/points/curve", "point", "i64", "1", "curve the point is on", NULL },
    { "/points/config", "point", "i64", "1", "configuration id", "the least one where replicates were averaged" },
    { "/points/replicates", "point", "i64", "1", "configurations averaged", "those that differ in seed only" },
    { "/points/beta", "point", "f64", "1", "weight of the rate", NULL },
    { "/points/rate", "point", "f64", "nat", "KL of posterior from prior", "as in study.h5; mean over replicates" },
    { "/points/rate_se", "point", "f64", "nat", "standard error of rate over replicates", "sample standard deviation / sqrt(replicates); NaN for one" },
    { "/points/distortion", "point", "f64", "nat", "negative log-likelihood of the reconstruction",
      "the column of study.h5 that the root attribute `distortion` names; mean over replicates" },
    { "/points/distortion_se", "point", "f64", "nat", "standard error of distortion over replicates", "sample standard deviation / sqrt(replicates); NaN for one" },
    { "/points/on_hull", "point", "i8", "1", "1: vertex of the lower-left convex hull", "from least rate to least distortion" },
    { "/points/rises", "point", "i8", "1", "1: more distortion than the point before", NULL },
    { "/points/slope", "point", "f64", "1", "-dD/dR from the point before", "NaN at a curve's first point and over less than 0.001 nat of rate" },
    { "/points/slope_beta", "point", "f64", "1", "what that slope should be", "(b - a) / log(b / a) of the two betas a, b: exact between optima of a linear "
      "model with fixed variance that use as many dimensions" },
    { "/points/theory_rate", "point", "f64", "nat", "rate of the analytic curve at this beta",
      "reverse water-filling: sum of 1/2 log(eigenvalue / (beta variance)) over the dimensions kept; NaN unless the data are gaussian" },
    { "/points/theory_distortion", "point", "f64", "nat", "distortion of the analytic curve at this beta", "charged as the root attribute `distortion` says" },
    { "/points/theory_variance", "point", "f64", "1", "decoder variance of the analytic curve at this beta",
      "fixed: its value; learned, optimal: what is lost / (d - beta * dimensions kept)" },
    { "/points/theory_excess", "point", "f64", "nat", "loss above the analytic optimum", "(D + beta R) - (D + beta R of theory); NaN for other distortions than `distortion`" },
};
enum { CURVE_OBJECTS = sizeof curve_objects / sizeof curve_objects[0] };

/* Another, which `betafield align` writes. */
static const bf_object align_objects[] = {
    { "/family", "family", "i32", "1", "number of the family", "root scale" },
    { "/pair", "pair", "i32", "1", "number of the pair", "root scale; the pairs of a family follow each other, by falling beta" },

    { "/families/folder", "family", "text", "1", "folder of the study", NULL },
    { "/families/study", "family", "text", "1", "name of the study", NULL },
    { "/families/label", "family", "text", "1", "what makes this family", "the swept keys other than objective.beta, with their values; a range of beta is one" },
    { "/families/models", "family", "i64", "1", "models in the family", "finished configurations, or the betas that one of a range is stored at" },
    { "/families/pairs", "family", "i64", "1", "pairs of the family that were compared", NULL },
    { "/families/alignment", "family", "f64", "1", "how far latent dimensions keep their place over beta", "mean over neighbours; as /pairs/alignment" },
    { "/families/alignment_diagonal", "family", "f64", "1", "correlation of latent dimensions with themselves", "mean over neighbours; as /pairs/alignment_diagonal" },
    { "/families/alignment_permuted", "family", "f64", "1", "correlation of latent dimensions with their best matches",
      "mean over neighbours; as /pairs/alignment_permuted" },
    { "/families/marginal_shift", "family", "f64", "1", "how far the aggregated posterior's marginals move over beta",
      "mean over neighbours; as /pairs/marginal_shift" },

    { "/pairs/family", "pair", "i64", "1", "family of the two", NULL },
    { "/pairs/config_from", "pair", "i64", "1", "configuration id of the one with the greater beta", NULL },
    { "/pairs/beta_from", "pair", "f64", "1", "its beta", NULL },
    { "/pairs/config_to", "pair", "i64", "1", "configuration id of the one with the smaller beta", "the same one where a model is told beta" },
    { "/pairs/beta_to", "pair", "f64", "1", "its beta", NULL },
    { "/pairs/neighbours", "pair", "i8", "1", "1: no beta of the family lies between", NULL },
    { "/pairs/samples", "pair", "i64", "1", "samples compared", "evenly spaced over the part of the data" },
    { "/pairs/alignment", "pair", "f64", "1", "how far latent dimensions keep their place", "alignment_diagonal / alignment_permuted; 1: every dimension is itself" },
    { "/pairs/alignment_diagonal", "pair", "f64", "1", "correlation of latent dimensions with themselves",
      "sum of the absolute correlations of their means over the dimensions active at both, by the number active where fewer are; active: the mean's "
      "variance is above 0.01" },
    { "/pairs/alignment_permuted", "pair", "f64", "1", "correlation of latent dimensions with their best matches",
      "the same sum over the best one-to-one match of dimensions active at either" },
    { "/pairs/alignment_units", "pair", "i64", "1", "latent dimensions active at both", "-1 where means are no numbers" },
    { "/pairs/marginal_shift", "pair", "f64", "1", "how far the aggregated posterior's marginals move",
      "mean over latent dimensions of the Wasserstein-1 distance of the stored draws' distributions" },
};
enum { ALIGN_OBJECTS = sizeof align_objects / sizeof align_objects[0] };

static const bf_object *find_in(const bf_object *rows, int n, const char *path)
{
    for (int i = 0; i < n; i++)
        if (fnmatch(rows[i].path, path, FNM_PATHNAME) == 0) return &rows[i];
    return NULL;
}

/* What a configuration has at one beta is described by what it has. Without "/by_beta/b0". */
static bool without_beta(const char *path, char *out, size_t size)
{
    const char *from = strncmp(path, "/configs/", 9) == 0 ? strstr(path, "/by_beta/") : NULL;
    const char *rest = from ? strchr(from + strlen("/by_beta/"), '/') : NULL;
    return rest && (size_t)snprintf(out, size, "%.*s%s", (int)(from - path), path, rest) < size;
}

const bf_object *bf_schema_find(const char *path)
{
    char plain[160];
    if (without_beta(path, plain, sizeof plain)) path = plain;
    const bf_object *o = find_in(objects, OBJECTS, path);
    if (!o) o = find_in(curve_objects, CURVE_OBJECTS, path);
    return o ? o : find_in(align_objects, ALIGN_OBJECTS, path);
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

static void print_objects(const bf_object *rows, int n, FILE *to)
{
    fputs("| object | shape | type | units | meaning |\n|---|---|---|---|---|\n", to);
    for (const bf_object *o = rows; o < rows + n; o++) {
        fprintf(to, "| `%s` | ", o->path);
        print_dims(o->dims, to);
        fprintf(to, " | %s | %s | %s%s%s |\n", o->type, o->unit, o->long_name, o->meaning ? "; " : "", o->meaning ? o->meaning : "");
    }
}

static const char introduction[] =
    "# What a study leaves here\n\n"
    "Every run writes a folder of its own below this one: `study.h5` (open this one), `configs/c0000.h5` and so on (one file per ended\n"
    "configuration), `data.h5` (labels and factors, when the data have them), `checkpoints/` (of configurations that are unfinished or failed),\n"
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
    fputs("\n## Objects\n\n`*` stands for one name: a configuration (`c0000`), a split (`train`, `test`), a column.\n\n", to);
    print_objects(objects, OBJECTS, to);
    print_columns("metrics", "config, split", schema->metrics, schema->n_metrics, to);
    print_columns("history", "config, epoch", schema->history, schema->n_history, to);
    fputs("\n## curve.h5\n\n`betafield curve DIR -o curve.h5` writes rate-distortion curves as a file of its own. Root attributes: `Conventions`,\n"
          "`schema_version`, `created`, `split`, `distortion` (the column of `/metrics`), `corner_rate`, `corner_distortion` (of the hypervolume).\n\n", to);
    print_objects(curve_objects, CURVE_OBJECTS, to);
    fputs("\n## align.h5\n\n`betafield align DIR -o align.h5` writes how alike the latent dimensions of models are that differ in beta alone. Root\n"
          "attributes: `Conventions`, `schema_version`, `created`, `split`.\n\n", to);
    print_objects(align_objects, ALIGN_OBJECTS, to);
}
