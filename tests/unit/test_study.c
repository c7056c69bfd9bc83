/* Study files: what good ones mean and what is said about bad ones. */
#include "study_case.h"

#include "base/status.h"
#include "vae/draws.h"

#include <math.h>
#include <stdio.h>

#define SETS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* --- what a good file means --------------------------------------------------------------------------------------- */

static void test_study__name_alone_gives_the_defaults(void **state)
{
    (void)state;
    bf_study *s = study_of("study: tiny\n", NULL);
    const bf_config *c = bf_study_base(s);
    assert_int_equal(bf_study_count(s), 1);
    assert_string_equal(c->study, "tiny");
    assert_int_equal(c->seed, 7);
    assert_int_equal(c->data.seed, 7);
    assert_string_equal(c->data.source, "patches");
    assert_int_equal(c->data.train, -1);
    assert_int_equal(c->vae.hidden.count, 2);
    assert_int_equal(c->vae.hidden.at[0], 128);
    assert_int_equal(c->vae.latent, 8);
    assert_true(isnan(c->vae.variance_value));
    assert_string_equal(c->vae.variance, "learned");
    assert_true(c->train.lr == 1e-3);
    assert_int_equal(c->train.steps, 0);
    assert_true(c->train.betas[1] == 0.999);
    assert_true(c->output.posterior_train && c->output.posterior_test && !c->output.state);
    assert_int_equal(c->measure.count, 5);
    assert_string_equal(c->measure.name[4], "decomposition");
    assert_int_equal(c->measure.rd_samples, 1);
    bf_study_free(&s);
}

static const char *const example =
    "study: rd-patches\nseed: 7\ndata:\n  source: patches\n  train: 8192\n  test: 2048\nmodel:\n  net: mlp\n  hidden: [128, 64]\n  latent: 8\n"
    "  condition: none\nposterior: gaussian\nprior: normal\nlikelihood:\n  kind: gaussian\n  variance: learned\n  value: 1.0\n"
    "objective:\n  kind: beta-vae\n  beta: 1.0\ntrain:\n  epochs: 30\n  batch: 128\n  lanes: 1\n  optimizer: adam\n  lr: 1.0e-3\n  precision: f32\n"
    "sweep:\n  objective.beta: {log: [0.01, 10, 7]}     # a comment\n  model.latent: [2, 4, 8]\nmeasure: [rd, active]\n"
    "parallel:\n  ranks_per_config: auto\n";

static void test_study__example_of_the_manual(void **state)
{
    (void)state;
    bf_study *s = study_of(example, NULL);
    const bf_key *keys[BF_MAX_SWEPT];
    bf_config *c = malloc(sizeof *c);
    assert_int_equal(bf_study_count(s), 21);
    assert_int_equal(bf_study_swept(s, keys), 2);
    assert_string_equal(keys[0]->path, "objective.beta");
    assert_string_equal(keys[1]->path, "model.latent");
    /* The last key is the fastest; grids have 12 digits and exact ends. */
    bf_study_config(s, 0, c);
    assert_true(c->vae.beta == 0.01 && c->vae.latent == 2);
    bf_study_config(s, 4, c);
    assert_true(c->vae.beta == 0.0316227766017 && c->vae.latent == 4);
    bf_study_config(s, 20, c);
    assert_true(c->vae.beta == 10 && c->vae.latent == 8);
    assert_true(c->vae.variance_value == 1.0);
    assert_int_equal(c->data.train, 8192);
    int line, column;
    bf_study_place(s, "train.lr", &line, &column);
    assert_int_equal(line, 26);
    assert_int_equal(column, 3);
    bf_study_place(s, "train.clip", &line, &column);
    assert_int_equal(line, 0);
    bf_study_place(s, "model.latent", &line, &column);
    assert_int_equal(line, 30);
    free(c);
    bf_study_free(&s);
}

static void test_study__pairs_move_together_and_lists_can_be_swept(void **state)
{
    (void)state;
    bf_study *s = study_of("study: p\nsweep:\n  model.hidden: [[], [64], [128, 64]]\n"
                           "  pairs: [{model.latent: 2, train.lr: 1e-3}, {train.lr: 1e-4, model.latent: 4}]\n  seed: [1, 2]\n", NULL);
    bf_config *c = malloc(sizeof *c);
    assert_int_equal(bf_study_count(s), 12);
    bf_study_config(s, 7, c);                   /* hidden 1, pair 1, seed 1 */
    assert_int_equal(c->vae.hidden.count, 1);
    assert_int_equal(c->vae.latent, 4);
    assert_true(c->train.lr == 1e-4);
    assert_int_equal(c->seed, 2);
    assert_int_equal(c->data.seed, 7);          /* the unswept seed */
    free(c);
    bf_study_free(&s);
}

static void test_study__grids(void **state)
{
    (void)state;
    bf_study *s = study_of("study: g\nsweep:\n  model.latent: {log: [64, 1, 7]}\n  objective.beta: {lin: [0, 0.3, 4]}\n", NULL);
    bf_config *c = malloc(sizeof *c);
    bf_study_config(s, 4 * 2 + 1, c);
    assert_int_equal(c->vae.latent, 16);
    assert_true(c->vae.beta == 0.1);
    free(c);
    bf_study_free(&s);
    study_refuses("study: g\nsweep:\n  model.latent: {log: [1, 10, 3]}\n", NULL,
                  "s.yaml:3:17: sweep.model.latent: expected an integer in [1, 4096], but the grid has 3.16227766017\n");
    study_refuses("study: g\nsweep:\n  objective.beta: {log: [0, 10, 3]}\n", NULL, "s.yaml:3:26: sweep.objective.beta: a log grid has positive ends\n");
    study_refuses("study: g\nsweep:\n  objective.beta: {log: [1, 10, 1]}\n", NULL,
                  "s.yaml:3:33: sweep.objective.beta: expected the number of values, an integer in [2, 10000]\n");
}

static void test_study__overrides_come_after_the_file(void **state)
{
    (void)state;
    bf_study *s = study_of(example, SETS("train.lr=0.5", "sweep.objective.beta=[1,2]", "sweep.seed={lin: [1, 3, 3]}", "model.hidden=[5]", "train.steps=9", "train.lr=0.25"));
    const bf_key *keys[BF_MAX_SWEPT];
    assert_int_equal(bf_study_count(s), 2 * 3 * 3);
    assert_int_equal(bf_study_swept(s, keys), 3);
    assert_string_equal(keys[0]->path, "objective.beta");
    assert_string_equal(keys[2]->path, "seed");
    assert_true(bf_study_base(s)->train.lr == 0.25);
    assert_int_equal(bf_study_base(s)->train.steps, 9);
    assert_int_equal(bf_study_base(s)->vae.hidden.at[0], 5);
    bf_study_free(&s);
    s = study_of(example, SETS("sweep={}", "measure.rd.samples=3"));
    assert_int_equal(bf_study_count(s), 1);
    assert_int_equal(bf_study_base(s)->measure.rd_samples, 3);
    bf_study_free(&s);
    study_refuses(example, SETS("model.latnet=3", "train.lr", "train.lr=fast", "=3", "sweep.train.lr=3", "seed=[1", "study=a b"),
                  "--set model.latnet: unknown key; did you mean model.latent?\n"
                  "--set train.lr: expected KEY=VALUE\n"
                  "--set train.lr: expected a number in (0, inf), got 'fast'\n"
                  "--set : expected KEY=VALUE\n"
                  "--set sweep.train.lr: expected a list of values, {log: [first, last, count]} or {lin: [first, last, count]}\n"
                  "--set seed: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence\n"
                  "--set study: expected text of the form [A-Za-z0-9][A-Za-z0-9._-]{0,63}, got 'a b'\n");
}

static void test_study__measures_with_options(void **state)
{
    (void)state;
    bf_study *s = study_of("study: m\nmeasure:\n  rd: {samples: 4}\n", NULL);
    assert_int_equal(bf_study_base(s)->measure.count, 1);
    assert_int_equal(bf_study_base(s)->measure.rd_samples, 4);
    bf_study_free(&s);
    s = study_of("study: m\nmeasure:\n  nll: {samples: 50, rows: all}\n", NULL);
    assert_int_equal(bf_study_base(s)->measure.nll_samples, 50);
    assert_int_equal(bf_study_base(s)->measure.nll_rows, -1);
    assert_int_equal(bf_study_base(s)->measure.traversal_bases, 100);
    bf_study_free(&s);
    study_refuses("study: m\nmeasure: {rd: {sample: 4}, active: 3}\n", NULL,
                  "s.yaml:2:16: measure.rd.sample: unknown key; did you mean measure.rd.samples?\n"
                  "s.yaml:2:36: measure.active: expected a mapping from options to values, such as {}\n");
    study_refuses("study: m\nmeasure: [rd, frechet]\n", NULL,
                  "s.yaml:2:15: measure: 'frechet' is known but not available in this version; it has rd, active, mmd, spectrum, decomposition, nll, collapse, "
                  "traversal, alignment\n");
}

/* --- what is said about bad ones ---------------------------------------------------------------------------------- */

static void test_study__all_problems_at_once_sorted_by_place(void **state)
{
    (void)state;
    study_refuses("study: bad name\ntrain:\n  lr: fast\n  batch: 8.5\n  epochs: 010\n  optimiser: adam\nmodel:\n  latnet: 8\n  latent: 5000\n  net: mpl\n"
                  "lr: 3\noutput: {weights: yes}\nposterior: [gaussian]\nlikelihood: gaussian\nxyzzy: 1\nmodle: {latent: 2}\n", NULL,
                  "s.yaml:1:8: study: expected text of the form [A-Za-z0-9][A-Za-z0-9._-]{0,63}, got 'bad name'\n"
                  "s.yaml:3:7: train.lr: expected a number in (0, inf), got 'fast'\n"
                  "s.yaml:4:10: train.batch: expected an integer in [1, 1048576], got '8.5'\n"
                  "s.yaml:5:11: train.epochs: expected an integer in [1, 1000000000], got '010'\n"
                  "s.yaml:6:3: train.optimiser: unknown key; did you mean train.optimizer?\n"
                  "s.yaml:8:3: model.latnet: unknown key; did you mean model.latent?\n"
                  "s.yaml:9:11: model.latent: expected an integer in [1, 4096], got '5000'\n"
                  "s.yaml:10:8: model.net: expected one of linear, mlp, described, infogan, wae, wae-mnist, resnet, sigma, tcvae-mlp, tcvae-conv, dlib-conv, "
                  "pythae-conv, mr-resnet, bs-resnet, second-stage, got 'mpl'; did you mean mlp?\n"
                  "s.yaml:11:1: lr: unknown key; did you mean train.lr?\n"
                  "s.yaml:12:19: output.weights: expected true or false, got 'yes'\n"
                  "s.yaml:13:12: posterior: expected one of gaussian, delta, got a list\n"
                  "s.yaml:14:13: likelihood: expected a mapping of keys below it\n"
                  "s.yaml:15:1: xyzzy: unknown key; `betafield keys` lists all there are\n"
                  "s.yaml:16:1: modle: unknown key; did you mean model?\n");
}

static void test_study__yaml_beyond_the_subset_is_refused(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "", "s.yaml: the file is empty; the least a study needs is `study: NAME`\n" },
        { "# only a comment\n", "s.yaml: the file is empty; the least a study needs is `study: NAME`\n" },
        { "just text\n", "s.yaml:1:1: expected keys and values, such as `study: NAME`\n" },
        { "seed: 3\n", "s.yaml: study: missing; every study has a name\n" },
        { "study: a\nstudy: b\n", "s.yaml:2:1: study: duplicate key; it was given at line 1 already\n" },
        { "study: a\nmodel: {latent: 2}\nmodel.latent: 3\n", "s.yaml:3:1: model.latent: duplicate key; it was given at line 2 already\n" },
        { "study: a\ntrain:\n\tlr: 1\n", "s.yaml:3:1: a tab; indent and separate with spaces\n" },
        { "study: &x a\n", "s.yaml:1:8: study: anchors (&) are not used in study files; write the value where it is needed\n" },
        { "study: a\nseed: *x\n", "s.yaml:2:7: seed: aliases (*) are not used in study files; write the value where it is needed\n" },
        { "study: !!str a\n", "s.yaml:1:8: study: tags (!) are not used in study files\n" },
        { "study: |\n  a\n", NULL },
        { "%YAML 1.1\n---\nstudy: a\n", "s.yaml:1:1: directives (%) are not used in study files\n" },
        { "study: a\n---\nstudy: b\n", "s.yaml:2:1: a second document; a study file holds one\n" },
        { "study: a\ntrain: {<<: {lr: 1}}\n", "s.yaml:2:9: train.<<: merge keys (<<) are not used in study files\n" },
        { "study: a\nmodel: [1, 2\nseed: 3\n", "s.yaml:3:5: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence that starts at line 2\n" },
        { "study: a\n? [x]\n: 3\n", "s.yaml:2:3: a key must be a plain word\n" },
        { "study: a\nseed:\n", "s.yaml:2:6: seed: expected an integer in [0, 2^63), got nothing\n" },
        { "study: a\nx: \xff\n", "s.yaml:2:4: not UTF-8 text (byte 0xff at offset 12)\n" },
        { "study: a\nx: \xc0\xaf\n", "s.yaml:2:4: not UTF-8 text (byte 0xc0 at offset 12)\n" },
        { "study: a\nx: \x01\n", "s.yaml:2:4: a control character (byte 0x01 at offset 12)\n" },
        { "study: \"a\\0\"\n", NULL },
        { "study: a\nseed: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n", "s.yaml:2:18: seed: nested too deeply\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].said) {
            study_refuses(cases[i].text, NULL, cases[i].said);
            continue;
        }
        char *said = study_say(cases[i].text, NULL, NULL);
        assert_true(said[0]);
        free(said);
    }
    bf_problems problems = { 0 };
    bf_study *s;
    assert_int_equal(bf_study_parse("study: a\0b\n", 11, NULL, 0, &problems, &s).code, BF_E_INPUT);
    assert_string_equal(problems.at[0].what, "a NUL byte (byte 0x00 at offset 8)");
    bf_problems_free(&problems);
}

static void test_study__byte_order_mark_and_windows_lines_are_read(void **state)
{
    (void)state;
    bf_study *s = study_of("\xef\xbb\xbf---\r\nstudy: a\r\ntrain:\r\n  lr: 0.5\r\n", NULL);
    assert_true(bf_study_base(s)->train.lr == 0.5);
    bf_study_free(&s);
}

static void test_study__later_features_are_known_but_refused(void **state)
{
    (void)state;
    study_refuses("study: l\nmodel: {condition: label, modulation: gates}\nprior: cauchy\n", NULL,
                  "s.yaml:2:39: model.modulation: expected one of gate, root, film, concat, cconv, got 'gates'; did you mean gate?\n"
                  "s.yaml:3:8: prior: 'cauchy' is known but not available in this version; it has normal\n");
    study_refuses("study: l\nmodel: {condition: colour}\n", NULL,
                  "s.yaml:2:20: model.condition: expected one of none, beta, label, or a list of several, got 'colour'\n");
    bf_study *s = study_of("study: l\nmodel: {condition: none, modulation: gate}\nobjective: {betas_per_sample: 1}\n", NULL);
    bf_study_free(&s);
}

/* A batch is cut by row: one sample of eight betas fills four lanes. */
static void test_study__lanes_are_cut_by_row(void **state)
{
    (void)state;
    static const char *const told = "study: r\nmodel: {condition: beta}\nobjective: {beta: {range: [0.1, 10]}, betas_per_sample: %d}\ntrain: {batch: %d, lanes: 4}\n";
    char text[256];
    snprintf(text, sizeof text, told, 8, 1);
    bf_study *s = study_of(text, NULL);
    bf_study_free(&s);
    snprintf(text, sizeof text, told, 2, 3);
    study_refuses(text, NULL, "s.yaml:4:9: train.batch: 3 samples times objective.betas_per_sample cannot be cut into 4 equal lanes\n");
    study_refuses("study: r\nobjective: {betas_per_sample: 8}\ntrain: {batch: 1, lanes: 4}\n", NULL,
                  "s.yaml:3:9: train.batch: 1 samples cannot be cut into 4 equal lanes\n");
}

static void test_study__draws_fit_the_way_they_are_drawn(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "objective: {draws: 3, draw: antithetic}\n", "s.yaml:2:13: objective.draws: 3 is no multiple of 2, as objective.draw: antithetic asks\n" },
        { "objective: {draws: 4, draw: sigma-points}\nmodel: {latent: 3}\n",
          "s.yaml:2:13: objective.draws: 4 is not twice model.latent, the number of sigma-points; left out, it is\n" },
        { "objective: {draws: 2}\nposterior: delta\n", "s.yaml:2:13: objective.draws: posterior: delta has nothing to draw\n" },
        { "objective: {draw: sigma-points}\nmodel: {latent: 3}\ntrain: {batch: 2, lanes: 8}\n",
          "s.yaml:4:9: train.batch: 2 samples times objective.draws cannot be cut into 8 equal lanes\n" },
        { "objective: {beta: {range: [0.1, 10]}, betas_per_sample: 1024, draws: 8192}\nmodel: {condition: beta}\n"
          "train: {batch: 1024}\ndata: {train: 2048}\n",
          "s.yaml:4:9: train.batch: 1024 samples times objective.betas_per_sample times objective.draws are too many\n" },
    };
    char text[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "study: r\n%s", cases[i].text);
        study_refuses(text, NULL, cases[i].said);
    }
    bf_study *s = study_of("study: r\nobjective: {draw: sigma-points}\nmodel: {latent: 3}\ntrain: {batch: 4, lanes: 8}\n", NULL);
    assert_int_equal(bf_draws(&bf_study_base(s)->vae), 6);
    bf_study_free(&s);
}

/* auto is the number itself, for every latent of a sweep. */
static void test_study__draws_are_the_same_written_out(void **state)
{
    (void)state;
    static const char *const sets[][2] = { { "objective.draw=antithetic", "objective.draws=2" }, { "objective.draw=sigma-points", "objective.draws=6" } };
    for (int i = 0; i < 2; i++) {
        bf_study *left_out = study_of("study: r\nsweep: {model.latent: [3, 5]}\n", SETS(sets[i][0]));
        bf_study *written = study_of("study: r\nmodel: {latent: 3}\n", SETS(sets[i][0], sets[i][1]));
        bf_config a, b;
        char hash[2][17];
        bf_study_config(left_out, 0, &a);
        bf_study_config(written, 0, &b);
        bf_config_hash(&a, hash[0]);
        bf_config_hash(&b, hash[1]);
        assert_string_equal(hash[0], hash[1]);
        bf_study_config(left_out, 1, &a);
        assert_int_equal(a.vae.draws, i == 0 ? 2 : 10);
        bf_study_free(&left_out);
        bf_study_free(&written);
    }
}

/* One draw, said or not, is the configuration that it was before there were more. */
static void test_study__draws_are_hashed_where_there_are_several(void **state)
{
    (void)state;
    static const char *const sets[] = { "seed=7", "objective.draws=1", "objective.draws=2", "objective.draw=antithetic", "objective.draw=sigma-points" };
    char hash[5][17];
    for (int i = 0; i < 5; i++) {
        bf_study *s = study_of("study: h\n", SETS(sets[i]));
        bf_config_hash(bf_study_base(s), hash[i]);
        bf_study_free(&s);
    }
    assert_string_equal(hash[0], hash[1]);
    for (int i = 2; i < 5; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(hash[i], hash[j]);
}

static void test_study__ranges_of_beta_belong_to_conditioned_models(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "objective: {beta: {range: [0.01, 10]}}\n", "s.yaml:2:13: objective.beta: a range is learned by a model with model.condition: beta\n" },
        { "model: {condition: beta}\n",
          "s.yaml: objective.beta: with model.condition: beta it is the range to learn, such as {range: [0.01, 10]}\n" },
        { "objective: {beta: {range: [0, 10]}}\nmodel: {condition: beta}\n",
          "s.yaml:2:13: objective.beta: a range goes from a number above 0 to a larger one, not from 0 to 10\n" },
        { "objective: {beta: {log: [1, 10, 2]}}\n", "s.yaml:2:19: objective.beta: expected a number in [0, inf) or {range: [first, last]}, got a mapping\n" },
        { "objective: {beta: {range: [0.1, 10]}, grid: [1, 20]}\nmodel: {condition: beta}\n",
          "s.yaml:2:39: objective.grid: 20 is outside of the range that is learned, [0.1, 10]\n" },
        { "objective: {beta: {range: [0.1, 10]}, grid: [2, 1]}\nmodel: {condition: beta}\n",
          "s.yaml:2:39: objective.grid: 1 follows 2; the values rise\n" },
        { "objective: {beta: {range: [0.1, 10]}}\nmodel: {condition: beta, net: linear}\n",
          "s.yaml: model.modulation: gate acts on hidden layers and this network has none; concat tells it beta all the same\n" },
        { "objective: {beta: {range: [0.1, 10]}}\nmodel: {condition: beta}\nlikelihood: {variance: optimal}\n",
          "s.yaml:4:14: likelihood.variance: one optimal variance for a batch would mix values of beta; per-image gives every sample its own\n" },
        { "model: {condition: beta}\nsweep: {objective.beta: [{range: [0.1, 10]}, {range: [0.1, 5]}]}\n",
          "s.yaml: objective.grid: configurations 0 and 1 learn different ranges; a list makes one grid for all of them\n" },
    };
    char text[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "study: r\n%s", cases[i].text);
        study_refuses(text, NULL, cases[i].said);
    }
    bf_f64_list grid;
    bf_study *s = study_of("study: r\nmodel: {condition: beta}\nobjective:\n  grid: {log: [0.1, 10, 3]}\nsweep: {objective.beta: [{range: [0.1, 10]}, {range: [0.05, 20]}]}\n", NULL);
    bf_study_grid(s, &grid);
    assert_int_equal(grid.count, 3);
    assert_true(grid.at[0] == 0.1 && grid.at[1] == 1 && grid.at[2] == 10);
    bf_study_free(&s);
}

static void test_study__keys_must_agree(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "train: {lanes: 3}\n", "s.yaml:2:9: train.lanes: expected a power of two, got 3\n" },
        { "train: {lanes: 8, batch: 100}\n", "s.yaml:2:19: train.batch: 100 samples cannot be cut into 8 equal lanes\n" },
        { "train: {lanes: 256}\n", "s.yaml: train.batch: 128 samples cannot be cut into 256 equal lanes\n" },
        { "parallel: {ranks_per_config: 2}\n", "s.yaml:2:12: parallel.ranks_per_config: a team of 2 ranks needs train.lanes of at least 2, not 1\n" },
        { "parallel: {ranks_per_config: 3}\ntrain: {lanes: 4}\n", "s.yaml:2:12: parallel.ranks_per_config: expected a power of two or auto, got 3\n" },
        { "likelihood: {kind: bernoulli, variance: fixed}\n", "s.yaml:2:31: likelihood.variance: nothing uses it here: it belongs to likelihood.kind: gaussian\n" },
        { "train: {epochs: 3, steps: 5}\n", "s.yaml:2:9: train.epochs: nothing uses it here: it belongs to train.steps: none\n" },
        { "train: {step_size: 3}\n", "s.yaml:2:9: train.step_size: nothing uses it here: it belongs to train.schedule: step\n" },
        { "train: {keep: best, patience: 2}\n",
          "s.yaml:2:9: train.keep: best weights are found by evaluating; set train.evaluate_every to a number of epochs\n"
          "s.yaml:2:21: train.patience: patience counts evaluations; set train.evaluate_every to a number of epochs\n" },
        { "data: {train: 100}\n", "s.yaml: train.batch: a batch of 128 is larger than the training part, 100 samples\n" },
        { "sweep: {train.lanes: [1, 2, 3]}\n", "s.yaml:2:29: sweep.train.lanes: expected a power of two, got 3\n" },
        { "train: {lanes: x, batch: 100}\n", "s.yaml:2:16: train.lanes: expected an integer in [1, 1024], got 'x'\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text, "study: k\n%s", cases[i].text);
        study_refuses(text, NULL, cases[i].said);
    }
    /* One configuration that uses a key is enough. */
    bf_study *s = study_of("study: k\nlikelihood: {variance: fixed}\nsweep: {likelihood.kind: [gaussian, bernoulli]}\n", NULL);
    bf_study_free(&s);
}

static void test_study__sweeps_are_checked(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "sweep: {model.latent: 4}\n", "s.yaml:2:23: sweep.model.latent: expected a list of values, {log: [first, last, count]} or {lin: [first, last, count]}\n" },
        { "sweep: {model.latent: []}\n", "s.yaml:2:23: sweep.model.latent: an empty list; a sweep needs at least one value\n" },
        { "sweep: {model.latent: [2, 4, 2]}\n", "s.yaml:2:30: sweep.model.latent: the same value twice; configurations of a sweep differ\n" },
        { "sweep: {model.latent: [2, 1.00000000000000000000000000000000000000000000000000000000001]}\n",
          "s.yaml:2:27: sweep.model.latent: expected an integer in [1, 4096], got '1.000000000000000000000000000000000000000000000...'\n" },
        { "sweep: {model.latent: [2, 1.5]}\n", "s.yaml:2:27: sweep.model.latent: expected an integer in [1, 4096], got '1.5'\n" },
        { "sweep: {model.latnet: [2]}\n", "s.yaml:2:9: sweep.model.latnet: unknown key; did you mean sweep.model.latent?\n" },
        { "sweep: {model: [2]}\n", "s.yaml:2:16: sweep.model: expected a mapping of keys below it\n" },
        { "sweep: {output.samples: [2]}\n", "s.yaml:2:9: sweep.output.samples: this key cannot be swept\n" },
        { "sweep: {model.net: {lin: [1, 2, 3]}}\n", "s.yaml:2:20: sweep.model.net: only numbers have grids; expected a list of values\n" },
        { "sweep: [1]\n", "s.yaml:2:8: sweep: expected a mapping from keys to lists of values\n" },
        { "sweep: {seed: {lin: [1, 200, 200]}, data.seed: {lin: [1, 200, 200]}}\n", "s.yaml:2:9: sweep: more than 10000 configurations; split the study\n" },
        { "sweep: {pairs: [{model.latent: 2}, {seed: 2}]}\n", "s.yaml:2:36: sweep.pairs.model.latent: missing here; every entry of pairs names the same keys\n" },
        { "sweep: {pairs: [{model.latnt: 2}]}\n", "s.yaml:2:18: sweep.pairs.model.latnt: unknown key; did you mean model.latent?\n" },
        { "sweep: {model.latent: [2], pairs: [{model.latent: 2}]}\n", "s.yaml:2:28: sweep: model.latent is swept twice, by model.latent and by pairs\n" },
        { "sweep: {train.momentum: [0, 0.5]}\n", "s.yaml:2:9: sweep: configurations 0 and 1 are the same: no swept key they differ in is used by them\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text, "study: k\n%s", cases[i].text);
        study_refuses(text, NULL, cases[i].said);
    }
    bf_study *s = study_of("study: k\nsweep: {model: {latent: [2, 3]}}\n", NULL);
    assert_int_equal(bf_study_count(s), 2);
    bf_study_free(&s);
}

/* seed may be both: data.seed follows the one that is not swept. */
static void test_study__a_swept_key_is_not_set_in_vain(void **state)
{
    (void)state;
    const char *text = "study: k\nsweep: {model.latent: [2, 3], seed: [1, 2], pairs: [{objective.beta: 1}, {objective.beta: 2}]}\n";
    study_refuses(text, SETS("model.latent=4"), "--set model.latent: sweep.model.latent gives this key its values; --set sweep.model.latent=[...] replaces them\n");
    study_refuses(text, SETS("objective.beta=4"), "--set objective.beta: sweep.pairs gives this key its values; --set sweep.pairs=[...] replaces them\n");
    bf_study *s = study_of(text, SETS("seed=5", "sweep.model.latent=[4]"));
    assert_int_equal(bf_study_count(s), 4);
    bf_study_free(&s);
}

static void test_study__a_flood_of_problems_is_counted(void **state)
{
    (void)state;
    char *text = malloc(20000), *at = text;
    at += sprintf(at, "study: flood\n");
    for (int i = 0; i < 300; i++) at += sprintf(at, "zz%d: 1\n", i);
    char *said = study_say(text, NULL, NULL);
    assert_non_null(strstr(said, "s.yaml: 200 more problems\n"));
    free(said);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_study__name_alone_gives_the_defaults), cmocka_unit_test(test_study__example_of_the_manual),
        cmocka_unit_test(test_study__pairs_move_together_and_lists_can_be_swept), cmocka_unit_test(test_study__grids),
        cmocka_unit_test(test_study__overrides_come_after_the_file), cmocka_unit_test(test_study__measures_with_options),
        cmocka_unit_test(test_study__all_problems_at_once_sorted_by_place), cmocka_unit_test(test_study__yaml_beyond_the_subset_is_refused),
        cmocka_unit_test(test_study__byte_order_mark_and_windows_lines_are_read), cmocka_unit_test(test_study__later_features_are_known_but_refused),
        cmocka_unit_test(test_study__lanes_are_cut_by_row),
        cmocka_unit_test(test_study__draws_fit_the_way_they_are_drawn), cmocka_unit_test(test_study__draws_are_hashed_where_there_are_several),
        cmocka_unit_test(test_study__draws_are_the_same_written_out),
        cmocka_unit_test(test_study__ranges_of_beta_belong_to_conditioned_models),
        cmocka_unit_test(test_study__keys_must_agree), cmocka_unit_test(test_study__sweeps_are_checked),
        cmocka_unit_test(test_study__a_swept_key_is_not_set_in_vain), cmocka_unit_test(test_study__a_flood_of_problems_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
