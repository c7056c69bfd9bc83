#include "cli/curve_points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/file.h"
#include "cli/input.h"
#include "store/study_by_beta.h"
#include "store/study_read.h"
#include "vae/vae.h"

enum { RATE, DISTORTION, METRICS };

/* One study while it is read. */
typedef struct reader {
    bf_curve_points *to;
    int              split;
    bf_input_file    in;
    int              configs, keys;
    const bf_key    *key[BF_MAX_SWEPT];     /* those that tell curves apart */
    bf_result       *rows;                  /* (configs) */
    bf_by_beta       by_beta;
    bf_config       *config;                /* room for one, and for a printed value */
    char            *text;
} reader;

/* Room for one more entry of an array that doubles. */
static bf_status grow(void **at, int count, int *room, size_t size)
{
    if (count < *room) return BF_DONE;
    const int more = *room ? 2 * *room : 64;
    void *p = realloc(*at, (size_t)more * size);
    if (!p) return BF_FAIL(BF_E_MEMORY, "no memory for %d points", more);
    *at = p;
    *room = more;
    return BF_DONE;
}

/* --- which curve ------------------------------------------------------------------------------------------------------ */

static void choose_keys(reader *r)
{
    const bf_key *swept[BF_MAX_SWEPT];
    const int n = bf_study_swept(r->in.study, swept);
    for (int i = 0; i < n; i++)
        if (strcmp(swept[i]->path, "seed") != 0) r->key[r->keys++] = swept[i];
}

/* A number beta is a place on a curve; a range is a model of its own. */
static bool is_place(const reader *r, const bf_key *k) { return strcmp(k->path, "objective.beta") == 0 && !isnan(r->config->vae.beta); }

static void name_curve(const reader *r, int study, bf_curve_name *out)
{
    size_t used = 0;
    *out = (bf_curve_name){ .study = study };
    for (int i = 0; i < r->keys; i++) {
        if (is_place(r, r->key[i])) continue;
        bf_key_print(r->key[i], r->config, r->text, BF_KEY_PRINTED);
        const uint64_t both[2] = { out->key, bf_hash64(r->text, strlen(r->text)) };
        out->key = bf_hash64(both, sizeof both) ^ bf_hash64(r->key[i]->path, strlen(r->key[i]->path));
        if (used < sizeof out->label)
            used += (size_t)snprintf(out->label + used, sizeof out->label - used, "%s%s %s", used ? ", " : "", r->key[i]->path, r->text);
    }
}

static bf_status find_curve(const reader *r, int study, int *curve)
{
    bf_curve_points *p = r->to;
    bf_curve_name name;
    name_curve(r, study, &name);
    for (*curve = p->curves - 1; *curve >= 0; --*curve)
        if (p->curve[*curve].study == study && p->curve[*curve].key == name.key) return BF_DONE;
    void *at = p->curve;
    BF_TRY(grow(&at, p->curves, &p->curve_room, sizeof *p->curve));
    p->curve = at;
    *curve = p->curves++;
    p->curve[*curve] = name;
    return BF_DONE;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

static bf_status add_point(const reader *r, int curve, int id, double beta, double rate, double distortion, bool *added)
{
    bf_curve_points *p = r->to;
    if (!isfinite(beta) || !isfinite(rate) || !isfinite(distortion)) return BF_DONE;
    void *at = p->at;
    BF_TRY(grow(&at, p->points, &p->point_room, sizeof *p->at));
    p->at = at;
    bf_curve_point *point = &p->at[p->points++];
    *point = (bf_curve_point){ .curve = curve, .config = id, .replicates = 1, .beta = beta, .rate = rate, .rate_se = NAN,
                               .distortion = distortion, .distortion_se = NAN };
    point->has_theory = bf_water_of_model(&r->config->data, &r->config->vae, beta, &point->theory);
    *added = true;
    return BF_DONE;
}

static bf_status read_config(reader *r, int study, int id)
{
    const double *metrics = r->rows[id].metrics + r->split * METRICS;
    bool added = false;
    int curve;
    if (r->rows[id].status != BF_CONFIG_DONE) return BF_DONE;
    bf_study_config(r->in.study, id, r->config);
    BF_TRY(find_curve(r, study, &curve));
    BF_TRY(add_point(r, curve, id, bf_vae_beta(&r->config->vae), metrics[RATE], metrics[DISTORTION], &added));
    for (int b = 0; b < r->by_beta.betas; b++)
        BF_TRY(add_point(r, curve, id, r->by_beta.grid[b], bf_by_beta_at(&r->by_beta, RATE, id, b, r->split),
                         bf_by_beta_at(&r->by_beta, DISTORTION, id, b, r->split), &added));
    r->to->study[study].used += added;
    return BF_DONE;
}

static bf_status read_files(reader *r, const char *dir, const char *distortion)
{
    char yaml[BF_PATH], h5[BF_PATH];
    const char *const name[METRICS] = { [RATE] = "rate", [DISTORTION] = distortion };
    const bf_column column[METRICS] = { [RATE] = { .name = "rate" }, [DISTORTION] = { .name = distortion } };
    const bf_schema schema = { .n_metrics = METRICS, .metrics = column };
    BF_TRY(bf_file_join(yaml, sizeof yaml, dir, "study.yaml"));
    BF_TRY(bf_file_join(h5, sizeof h5, dir, "study.h5"));
    if (!bf_file_exists(yaml)) return BF_FAIL(BF_E_INPUT, "%s is no study: there is no study.yaml", dir);
    if (!bf_file_exists(h5)) return BF_FAIL(BF_E_INPUT, "%s: nothing has ended yet: there is no study.h5", dir);
    BF_TRY(bf_input_read(&r->in, yaml));
    BF_TRY(bf_input_parse(&r->in, NULL));
    BF_TRY(bf_input_verdict(&r->in, stderr));
    BF_TRY(bf_study_read_rows(dir, &schema, &r->configs, &r->rows));
    if (r->configs > bf_study_count(r->in.study))
        return BF_FAIL(BF_E_FORMAT, "%s: study.h5 has %d configurations, study.yaml names %d", dir, r->configs, bf_study_count(r->in.study));
    return bf_study_read_by_beta(dir, r->configs, name, METRICS, &r->by_beta);
}

static bf_status read_study(bf_curve_points *p, const char *dir, int split, const char *distortion)
{
    reader r = { .to = p, .split = split, .config = malloc(sizeof(bf_config)), .text = malloc(BF_KEY_PRINTED) };
    const int study = p->studies++;
    p->study[study] = (bf_curve_study){ .dir = dir };
    bf_status s = r.config && r.text ? read_files(&r, dir, distortion) : BF_FAIL(BF_E_MEMORY, "no memory to read %s", dir);
    if (!s.code) {
        snprintf(p->study[study].name, sizeof p->study[study].name, "%s", bf_study_base(r.in.study)->study);
        p->study[study].configs = bf_study_count(r.in.study);
        choose_keys(&r);
    }
    for (int id = 0; !s.code && id < r.configs; id++) s = read_config(&r, study, id);
    bf_by_beta_free(&r.by_beta);
    bf_study_rows_free(r.configs, &r.rows);
    bf_input_free(&r.in);
    free(r.text);
    free(r.config);
    return s;
}

/* --- averaging and order ------------------------------------------------------------------------------------------------ */

static int sign(double a, double b) { return (a > b) - (a < b); }

static int by_beta(const void *a, const void *b)
{
    const bf_curve_point *x = a, *y = b;
    if (x->curve != y->curve) return x->curve - y->curve;
    return x->beta != y->beta ? sign(x->beta, y->beta) : x->config - y->config;
}

static int by_rate(const void *a, const void *b)
{
    const bf_curve_point *x = a, *y = b;
    if (x->curve != y->curve) return x->curve - y->curve;
    if (x->rate != y->rate) return sign(x->rate, y->rate);
    return x->distortion != y->distortion ? sign(y->distortion, x->distortion) : sign(y->beta, x->beta);
}

/* The first of n replicates becomes their mean; errors are the sample's standard deviation over sqrt(n). */
static void average(bf_curve_point *at, int n)
{
    double rate = 0.0, distortion = 0.0, rate2 = 0.0, distortion2 = 0.0;
    for (int i = 0; i < n; i++) {
        rate += at[i].rate / n;
        distortion += at[i].distortion / n;
    }
    for (int i = 0; i < n; i++) {
        rate2 += (at[i].rate - rate) * (at[i].rate - rate);
        distortion2 += (at[i].distortion - distortion) * (at[i].distortion - distortion);
    }
    if (n < 2) return;
    at->replicates = n;
    at->rate = rate;
    at->distortion = distortion;
    at->rate_se = sqrt(rate2 / (n - 1.0) / n);
    at->distortion_se = sqrt(distortion2 / (n - 1.0) / n);
}

static void average_replicates(bf_curve_points *p)
{
    int kept = 0;
    for (int i = 0, n; i < p->points; i += n) {
        for (n = 1; i + n < p->points && p->at[i + n].curve == p->at[i].curve && p->at[i + n].beta == p->at[i].beta; n++) {}
        average(&p->at[i], n);
        p->at[kept++] = p->at[i];
    }
    p->points = kept;
}

/* Curves that no point is on are not counted; the points are sorted by curve. */
static void drop_empty_curves(bf_curve_points *p)
{
    int kept = 0;
    for (int i = 0, old; i < p->points; kept++) {
        old = p->at[i].curve;
        p->curve[kept] = p->curve[old];
        for (; i < p->points && p->at[i].curve == old; i++) p->at[i].curve = kept;
    }
    p->curves = kept;
}

bf_status bf_curve_points_read(const bf_texts *dirs, int split, const char *distortion, bf_curve_points *out)
{
    for (int i = 0; i < dirs->count; i++) BF_TRY(read_study(out, dirs->at[i], split, distortion));
    if (out->points == 0)
        return BF_FAIL(BF_E_INPUT, "%s: no finished configuration has a beta, a rate and a %s of the %s part", dirs->at[0], distortion, split ? "test" : "training");
    qsort(out->at, (size_t)out->points, sizeof *out->at, by_beta);
    average_replicates(out);
    qsort(out->at, (size_t)out->points, sizeof *out->at, by_rate);
    drop_empty_curves(out);
    return BF_DONE;
}

void bf_curve_points_free(bf_curve_points *p)
{
    free(p->curve);
    free(p->at);
    memset(p, 0, sizeof *p);
}
