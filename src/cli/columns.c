#include "cli/columns.h"

#include <stdlib.h>
#include <string.h>

static const char *heading(const bf_columns *c, int k)
{
    const char *dot = strrchr(c->keys[k]->path, '.');
    return c->brief && dot ? dot + 1 : c->keys[k]->path;
}

static int how_many_fit(const bf_columns *c, int width)
{
    const int gap = 2, narrow = 8;
    for (int k = 0; k < c->swept; k++) {
        const int n = (int)strlen(heading(c, k));
        width += gap + (n > narrow ? n : narrow);
        if (width > BF_TEXT_COLUMNS) return k;
    }
    return c->swept;
}

bf_status bf_columns_open(const bf_study *s, int fixed, bf_columns *c)
{
    memset(c, 0, sizeof *c);
    if (!s) return BF_DONE;
    c->study = s;
    c->config = malloc(sizeof *c->config);
    c->text = malloc(BF_KEY_PRINTED);
    if (!c->config || !c->text) {
        bf_columns_close(c);
        return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    }
    c->swept = bf_study_swept(s, c->keys);
    c->shown = how_many_fit(c, fixed);
    if (c->shown == c->swept) return BF_DONE;
    c->brief = true;
    c->shown = how_many_fit(c, fixed);
    return BF_DONE;
}

void bf_columns_heading(const bf_columns *c, bf_table *t)
{
    for (int k = 0; k < c->shown; k++) bf_table_cell(t, "%s", heading(c, k));
}

void bf_columns_row(const bf_columns *c, int index, bf_table *t)
{
    if (c->shown == 0) return;
    bf_study_config(c->study, index, c->config);
    for (int k = 0; k < c->shown; k++) {
        bf_key_print(c->keys[k], c->config, c->text, BF_KEY_PRINTED);
        bf_table_cell(t, "%s", c->text);
    }
}

void bf_columns_close(bf_columns *c)
{
    free(c->config);
    free(c->text);
    memset(c, 0, sizeof *c);
}
