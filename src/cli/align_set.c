#include "cli/align_set.h"

#include <math.h>
#include <string.h>

#include "cli/align_rows.h"
#include "measure/alignment.h"

enum { MOST_PAIRS = 100000 };       /* more than these are not what somebody wants to read */

static const bf_column_kind family_kind[BF_FAMILY_COLUMNS] = {
    [BF_FAMILY_FOLDER] = { "folder", BF_COLUMN_TEXT },          [BF_FAMILY_STUDY] = { "study", BF_COLUMN_TEXT },
    [BF_FAMILY_LABEL] = { "label", BF_COLUMN_TEXT },            [BF_FAMILY_MODELS] = { "models", BF_COLUMN_I64 },
    [BF_FAMILY_PAIRS] = { "pairs", BF_COLUMN_I64 },             [BF_FAMILY_ALIGNMENT] = { "alignment", BF_COLUMN_F64 },
    [BF_FAMILY_DIAGONAL] = { "alignment_diagonal", BF_COLUMN_F64 }, [BF_FAMILY_PERMUTED] = { "alignment_permuted", BF_COLUMN_F64 },
    [BF_FAMILY_SHIFT] = { "marginal_shift", BF_COLUMN_F64 },
};
static const bf_column_kind pair_kind[BF_PAIR_COLUMNS] = {
    [BF_PAIR_FAMILY] = { "family", BF_COLUMN_I64 },
    [BF_PAIR_CONFIG_FROM] = { "config_from", BF_COLUMN_I64 },   [BF_PAIR_BETA_FROM] = { "beta_from", BF_COLUMN_F64 },
    [BF_PAIR_CONFIG_TO] = { "config_to", BF_COLUMN_I64 },       [BF_PAIR_BETA_TO] = { "beta_to", BF_COLUMN_F64 },
    [BF_PAIR_NEIGHBOURS] = { "neighbours", BF_COLUMN_I8 },      [BF_PAIR_SAMPLES] = { "samples", BF_COLUMN_I64 },
    [BF_PAIR_ALIGNMENT] = { "alignment", BF_COLUMN_F64 },       [BF_PAIR_DIAGONAL] = { "alignment_diagonal", BF_COLUMN_F64 },
    [BF_PAIR_PERMUTED] = { "alignment_permuted", BF_COLUMN_F64 }, [BF_PAIR_UNITS] = { "alignment_units", BF_COLUMN_I64 },
    [BF_PAIR_SHIFT] = { "marginal_shift", BF_COLUMN_F64 },
};

/* --- comparing -------------------------------------------------------------------------------------------------------- */

/* The two posteriors in memory, and which members they are; -1: none. */
typedef struct pair { const bf_align_members *of; int split, member[2]; bf_align_rows rows[2]; } pair;

static const char *folder_of(const bf_align_members *m, int member) { return m->study[m->family[m->at[member].family].study].dir; }

/* Neighbours follow each other, so what was on the other side is often the one. */
static bf_status hold(pair *p, int side, int member)
{
    if (p->member[side] == member) return BF_DONE;
    if (p->member[!side] == member) {
        const bf_align_rows rows = p->rows[side];
        p->rows[side] = p->rows[!side];
        p->rows[!side] = rows;
        p->member[!side] = p->member[side];
        p->member[side] = member;
        return BF_DONE;
    }
    p->member[side] = -1;
    BF_TRY(bf_align_rows_read(folder_of(p->of, member), p->split, &p->of->at[member], &p->rows[side]));
    p->member[side] = member;
    return BF_DONE;
}

static bf_status compare(const bf_align_rows *a, const bf_align_rows *b, bf_alignment *out)
{
    const float *const z[2] = { a->z, b->z };
    bf_alignment_work w = { .latent = a->latent, .samples = a->count };
    bf_arena arena = { 0 };
    bf_alignment_memory(&w, &arena);
    BF_TRY(bf_arena_commit(&arena));
    bf_alignment_memory(&w, &arena);
    bf_alignment_take(&w, 0, a->mean);
    bf_alignment_take(&w, 1, b->mean);
    bf_alignment_compare(&w, z, 0, w.latent, w.like);
    const bf_status s = bf_alignment_score(&w, out);
    bf_arena_release(&arena);
    return s;
}

static bf_status put_pair(pair *p, int from, int to, bf_align_set *set, int row)
{
    const bf_align_member *a = &p->of->at[from], *b = &p->of->at[to];
    const bf_table_column *c = set->pair;
    bf_alignment found;
    BF_TRY(hold(p, 0, from));
    BF_TRY(hold(p, 1, to));
    if (p->rows[0].samples != p->rows[1].samples)
        return BF_FAIL(BF_E_FORMAT, "%.60s: c%04d has a posterior of %lld samples, c%04d of %lld", folder_of(p->of, from), a->config,
                       (long long)p->rows[0].samples, b->config, (long long)p->rows[1].samples);
    BF_TRY(compare(&p->rows[0], &p->rows[1], &found));
    bf_column_integers(&c[BF_PAIR_FAMILY])[row] = a->family;
    bf_column_integers(&c[BF_PAIR_CONFIG_FROM])[row] = a->config;
    bf_column_integers(&c[BF_PAIR_CONFIG_TO])[row] = b->config;
    bf_column_reals(&c[BF_PAIR_BETA_FROM])[row] = a->beta;
    bf_column_reals(&c[BF_PAIR_BETA_TO])[row] = b->beta;
    bf_column_flags(&c[BF_PAIR_NEIGHBOURS])[row] = to == from + 1;
    bf_column_integers(&c[BF_PAIR_SAMPLES])[row] = p->rows[0].count;
    bf_column_reals(&c[BF_PAIR_ALIGNMENT])[row] = found.score;
    bf_column_reals(&c[BF_PAIR_DIAGONAL])[row] = found.diagonal;
    bf_column_reals(&c[BF_PAIR_PERMUTED])[row] = found.permuted;
    bf_column_integers(&c[BF_PAIR_UNITS])[row] = found.both;
    bf_column_reals(&c[BF_PAIR_SHIFT])[row] = found.shift;
    return BF_DONE;
}

/* Pairs that begin with a member: with the next one of its family, or with all that follow. */
static int partners(const bf_align_members *m, int member, bool all)
{
    int n = 0;
    for (int i = member + 1; i < m->members && m->at[i].family == m->at[member].family && (all || n == 0); i++) n++;
    return n;
}

/* --- families --------------------------------------------------------------------------------------------------------- */

/* Over the neighbours where it is defined. */
static double mean_of(const bf_align_set *s, int column, int family)
{
    double sum = 0.0;
    int n = 0;
    for (int i = 0; i < s->pairs; i++) {
        const double v = bf_column_real(&s->pair[column], i);
        if (bf_column_integer(&s->pair[BF_PAIR_FAMILY], i) != family || !bf_column_flag(&s->pair[BF_PAIR_NEIGHBOURS], i) || isnan(v)) continue;
        sum += v;
        n++;
    }
    return sum / n;
}

static void put_family(const bf_align_members *m, bf_align_set *s, int family)
{
    static const struct { int to, from; } mean[] = {
        { BF_FAMILY_ALIGNMENT, BF_PAIR_ALIGNMENT }, { BF_FAMILY_DIAGONAL, BF_PAIR_DIAGONAL }, { BF_FAMILY_PERMUTED, BF_PAIR_PERMUTED },
        { BF_FAMILY_SHIFT, BF_PAIR_SHIFT },
    };
    const bf_align_study *study = &m->study[m->family[family].study];
    bf_column_put_text(&s->family[BF_FAMILY_FOLDER], family, study->dir);
    bf_column_put_text(&s->family[BF_FAMILY_STUDY], family, study->name);
    bf_column_put_text(&s->family[BF_FAMILY_LABEL], family, m->family[family].of.label);
    for (int i = 0; i < m->members; i++) bf_column_integers(&s->family[BF_FAMILY_MODELS])[family] += m->at[i].family == family;
    for (int i = 0; i < s->pairs; i++) bf_column_integers(&s->family[BF_FAMILY_PAIRS])[family] += bf_column_integer(&s->pair[BF_PAIR_FAMILY], i) == family;
    for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) bf_column_reals(&s->family[mean[k].to])[family] = mean_of(s, mean[k].from, family);
}

/* Bytes that hold any text of the families with its NUL. */
static int widest(const bf_align_members *m)
{
    int width = 1;
    for (int f = 0; f < m->families; f++) {
        const bf_align_study *study = &m->study[m->family[f].study];
        width = bf_family_width(width, &m->family[f].of, study->dir, study->name);
    }
    return width;
}

static bf_status count_pairs(const bf_align_members *m, bool all, int *pairs)
{
    int64_t n = 0;
    for (int i = 0; i < m->members; i++) n += partners(m, i, all);
    *pairs = n <= MOST_PAIRS ? (int)n : 0;
    return n <= MOST_PAIRS ? BF_DONE : BF_FAIL(BF_E_USAGE, "%s: %lld pairs are more than %d", all ? "--all" : "DIR", (long long)n, (int)MOST_PAIRS);
}

bf_status bf_align_set_make(const bf_align_members *m, int split, bool all, bf_align_set *out)
{
    pair p = { .of = m, .split = split, .member = { -1, -1 } };
    *out = (bf_align_set){ .families = m->families };
    BF_TRY(count_pairs(m, all, &out->pairs));
    bf_status s = bf_table_columns_make(family_kind, BF_FAMILY_COLUMNS, out->families, widest(m), out->family);
    if (!s.code) s = bf_table_columns_make(pair_kind, BF_PAIR_COLUMNS, out->pairs, 0, out->pair);
    for (int i = 0, row = 0; !s.code && i < m->members; i++)
        for (int k = 1, n = partners(m, i, all); !s.code && k <= n; k++) s = put_pair(&p, i, i + k, out, row++);
    for (int f = 0; !s.code && f < out->families; f++) put_family(m, out, f);
    for (int side = 0; side < 2; side++) bf_align_rows_free(&p.rows[side]);
    if (s.code) bf_align_set_free(out);
    return s;
}

void bf_align_set_free(bf_align_set *s)
{
    bf_table_columns_free(s->family, BF_FAMILY_COLUMNS);
    bf_table_columns_free(s->pair, BF_PAIR_COLUMNS);
    memset(s, 0, sizeof *s);
}
