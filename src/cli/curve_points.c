#include "cli/curve_points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/grow.h"
#include "cli/results.h"
#include "store/study_by_beta.h"
#include "vae/vae.h"

enum { RATE, DISTORTION, METRICS };

/* One study while it is read. */
typedef struct reader {
    bf_curve_points *to;
    int              split;
    bf_results       results;
    bf_family_keys   keys;                  /* that tell curves apart */
    bf_by_beta       by_beta;
    bf_config       *config;                /* room for one */
} reader;

/* --- which curve ------------------------------------------------------------------------------------------------------ */

static bf_status find_curve(const reader *r, int study, int *curve)
{
    bf_curve_points *p = r->to;
    bf_curve_name name = { .study = study };
    bf_family_of(&r->keys, r->config, &name.family);
    for (*curve = p->curves - 1; *curve >= 0; --*curve)
        if (p->curve[*curve].study == study && p->curve[*curve].family.key == name.family.key) return BF_DONE;
    void *at = p->curve;
    BF_TRY(bf_grow(&at, p->curves, &p->curve_room, sizeof *p->curve));
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
    BF_TRY(bf_grow(&at, p->points, &p->point_room, sizeof *p->at));
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
    const double *metrics = r->results.rows[id].metrics + r->split * METRICS;
    bool added = false;
    int curve;
    if (r->results.rows[id].status != BF_CONFIG_DONE) return BF_DONE;
    bf_study_config(r->results.in.study, id, r->config);
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
    const char *const name[METRICS] = { [RATE] = "rate", [DISTORTION] = distortion };
    const bf_column column[METRICS] = { [RATE] = { .name = "rate" }, [DISTORTION] = { .name = distortion } };
    const bf_schema schema = { .n_metrics = METRICS, .metrics = column };
    BF_TRY(bf_results_open(dir, &schema, &r->results));
    BF_TRY(bf_family_keys_open(r->results.in.study, false, &r->keys));
    return bf_study_read_by_beta(dir, r->results.configs, name, METRICS, &r->by_beta);
}

static bf_status read_study(bf_curve_points *p, const char *dir, int split, const char *distortion)
{
    reader r = { .to = p, .split = split, .config = malloc(sizeof(bf_config)) };
    const int study = p->studies++;
    p->study[study] = (bf_curve_study){ .dir = dir };
    bf_status s = r.config ? read_files(&r, dir, distortion) : BF_FAIL(BF_E_MEMORY, "no memory to read %s", dir);
    if (!s.code) {
        snprintf(p->study[study].name, sizeof p->study[study].name, "%s", bf_study_base(r.results.in.study)->study);
        p->study[study].configs = bf_study_count(r.results.in.study);
    }
    for (int id = 0; !s.code && id < r.results.configs; id++) s = read_config(&r, study, id);
    bf_by_beta_free(&r.by_beta);
    bf_family_keys_close(&r.keys);
    bf_results_close(&r.results);
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
