#include "cli/align_print.h"

#include <math.h>

#include "cli/text.h"

enum { MOST_PAIRS = 400 };          /* more than these are a file's business */

/* --- for people ------------------------------------------------------------------------------------------------------- */

static void print_studies(const bf_align_members *m, int split, FILE *to)
{
    for (int i = 0; i < m->studies; i++) {
        const bf_align_study *s = &m->study[i];
        fprintf(to, "%s: %d of %d configurations store posteriors\n", s->dir, s->done - s->lacking, s->configs);
        if (s->lacking)
            fprintf(to, "  not c%04d%s, which has ended: output.posterior did not name %s\n", s->first, s->lacking > 1 ? " and others" : "",
                    bf_align_splits[split]);
    }
}

static void pair_cells(const bf_align_set *s, int i, bf_table *t)
{
    const bf_table_column *c = s->pair;
    const int64_t units = bf_column_integer(&c[BF_PAIR_UNITS], i);
    bf_table_cell(t, "c%04lld", bf_column_integer(&c[BF_PAIR_CONFIG_FROM], i));
    bf_table_number(t, "%.4g", bf_column_real(&c[BF_PAIR_BETA_FROM], i));
    bf_table_cell(t, "c%04lld", bf_column_integer(&c[BF_PAIR_CONFIG_TO], i));
    bf_table_number(t, "%.4g", bf_column_real(&c[BF_PAIR_BETA_TO], i));
    bf_table_number(t, "%.0f", units < 0 ? NAN : (double)units);
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_PAIR_DIAGONAL], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_PAIR_PERMUTED], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_PAIR_ALIGNMENT], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_PAIR_SHIFT], i));
}

static const char *label_of(const bf_align_set *s, int family)
{
    const char *label = bf_column_text(&s->family[BF_FAMILY_LABEL], family);
    return *label ? label : "all configurations";
}

/* One family's pairs; *next is the first, and then the first of the next family. */
static bf_status print_pairs(const bf_align_set *s, int family, int *next, FILE *to)
{
    static const char *const heading[] = { "from", "beta", "to", "beta", "units", "in place", "best match", "alignment", "shift" };
    bf_table *t = bf_table_create("rrrrrrrrr");
    if (!t) return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    fprintf(to, "\nfamily %d  %s: %s\n", family, bf_column_text(&s->family[BF_FAMILY_FOLDER], family), label_of(s, family));
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++) bf_table_cell(t, "%s", heading[i]);
    for (; *next < s->pairs && bf_column_integer(&s->pair[BF_PAIR_FAMILY], *next) == family; ++*next) pair_cells(s, *next, t);
    bf_status status = bf_table_print(t, to);
    bf_table_destroy(&t);
    return status;
}

static bf_status print_summary(const bf_align_set *s, FILE *to)
{
    static const char *const heading[] = { "family", "models", "pairs", "in place", "best match", "alignment", "shift" };
    static const int mean[] = { BF_FAMILY_DIAGONAL, BF_FAMILY_PERMUTED, BF_FAMILY_ALIGNMENT, BF_FAMILY_SHIFT };
    bf_table *t = bf_table_create("rrrrrrr");
    if (!t) return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++) bf_table_cell(t, "%s", heading[i]);
    for (int f = 0; f < s->families; f++) {
        bf_table_cell(t, "%d", f);
        bf_table_cell(t, "%lld", bf_column_integer(&s->family[BF_FAMILY_MODELS], f));
        bf_table_cell(t, "%lld", bf_column_integer(&s->family[BF_FAMILY_PAIRS], f));
        for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) bf_table_number(t, "%.4f", bf_column_real(&s->family[mean[k]], f));
    }
    fputs("\nmeans over neighbours\n", to);
    bf_status status = bf_table_print(t, to);
    bf_table_destroy(&t);
    return status;
}

static const char legend[] =
    "\nin place: mean |correlation| of a dimension's posterior means with those of the same dimension, over the\n"
    "units active at both, by the number active where fewer are; best match: the same where dimensions may\n"
    "change places; alignment: the first over the second, 1 where every dimension kept its place\n"
    "shift: mean Wasserstein-1 distance between the distributions of a dimension's draws\n";

bf_status bf_align_print_text(const bf_align_members *m, const bf_align_set *s, int split, FILE *to)
{
    fprintf(to, "latent dimensions from one beta to another, %s part\n", bf_align_splits[split]);
    print_studies(m, split, to);
    if (s->pairs > MOST_PAIRS) fprintf(to, "\n%d pairs of %d families: too many to print; -o and --csv write them\n", s->pairs, s->families);
    for (int f = 0, next = 0; f < s->families && s->pairs <= MOST_PAIRS; f++) BF_TRY(print_pairs(s, f, &next, to));
    BF_TRY(print_summary(s, to));
    fputs(legend, to);
    return BF_DONE;
}

/* --- for programs ----------------------------------------------------------------------------------------------------- */

void bf_align_print_json(const bf_align_set *s, int split, FILE *to)
{
    fprintf(to, "{\"split\": \"%s\",\n", bf_align_splits[split]);
    bf_table_json("families", s->family, BF_FAMILY_COLUMNS, s->families, to);
    fprintf(to, ",\n");
    bf_table_json("pairs", s->pair, BF_PAIR_COLUMNS, s->pairs, to);
    fprintf(to, "}\n");
}

void bf_align_print_csv(const bf_align_set *s, FILE *to)
{
    enum { NAMES = 3 };         /* the first columns of a family: its folder, study and label */
    bf_table_csv(s->family, NAMES, s->pair, BF_PAIR_COLUMNS, BF_PAIR_FAMILY, s->pairs, to);
}
