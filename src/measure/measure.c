#include "measure/measure.h"

#include "measure/rows.h"

#include <math.h>
#include <string.h>

static const bf_measure *const table[] = {
    &bf_measure_rd, &bf_measure_active, &bf_measure_mmd, &bf_measure_spectrum, &bf_measure_decomposition, &bf_measure_nll,
    &bf_measure_collapse, &bf_measure_traversal, &bf_measure_alignment,
};
enum { ROWS = sizeof table / sizeof *table };
const char *const bf_measure_names[] = { "rd", "active", "mmd", "spectrum", "decomposition", "nll", "collapse", "traversal", "alignment", NULL };

const bf_measure *bf_measure_row(int i)
{
    return i >= 0 && i < ROWS ? table[i] : NULL;
}

const bf_measure *bf_measure_find(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (!strcmp(table[i]->name, name)) return table[i];
    return NULL;
}

bool bf_measure_chosen(const bf_measure_options *o, const char *name)
{
    for (int i = 0; i < o->count; i++)
        if (!strcmp(o->name[i], name)) return true;
    return false;
}

static int columns_of(const bf_measure *m)
{
    int n = 0;
    while (n < BF_MAX_COLUMNS && m->column[n].name) n++;
    return n;
}

int bf_measure_columns(const bf_measure_options *o, const bf_column **at)
{
    int count = 0;
    for (int i = 0; i < ROWS; i++) {
        if (!bf_measure_chosen(o, table[i]->name)) continue;
        int n = columns_of(table[i]);
        for (int j = 0; at && j < n; j++) at[count + j] = &table[i]->column[j];
        count += n;
    }
    return count;
}

bf_status bf_measure_keep(const bf_measure_input *in, const bf_array *a)
{
    return bf_comm_agree(in->team, in->keep ? in->keep(in->keep_self, a) : BF_DONE);
}

bf_status bf_measure_take(const bf_measure_input *in, double *values)
{
    for (int i = 0; i < ROWS; i++) {
        if (!bf_measure_chosen(in->options, table[i]->name)) continue;
        int n = columns_of(table[i]);
        for (int j = 0; j < n; j++) values[j] = NAN;
        BF_TRY(table[i]->take(in, values));
        /* One pattern of bits for "no value", whatever arithmetic led to it: equal results stay equal bytes through files that leave NaNs out. */
        for (int j = 0; j < n; j++)
            if (isnan(values[j])) values[j] = NAN;
        values += n;
    }
    return BF_DONE;
}
