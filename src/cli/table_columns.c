#include "cli/table_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/text.h"

bf_status bf_table_columns_make(const bf_column_kind *kinds, int n, int rows, int width, bf_table_column *out)
{
    for (int i = 0; i < n; i++) {
        const size_t size = kinds[i].type == BF_COLUMN_TEXT ? (size_t)width : kinds[i].type == BF_COLUMN_I8 ? 1 : 8;
        out[i] = (bf_table_column){ kinds[i].name, kinds[i].type, width, calloc((size_t)rows + 1, size) };
        if (!out[i].values) return BF_FAIL(BF_E_MEMORY, "no memory for a table of %d rows", rows);
    }
    return BF_DONE;
}

void bf_table_columns_free(bf_table_column *c, int n)
{
    for (int i = 0; i < n; i++) {
        free(c[i].values);
        c[i].values = NULL;
    }
}

void bf_column_put_text(const bf_table_column *c, int row, const char *text)
{
    memcpy((char *)c->values + (size_t)row * (size_t)c->width, text, strlen(text));
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void json_value(const bf_table_column *c, int row, FILE *to)
{
    char number[32];
    switch (c->type) {
    case BF_COLUMN_I64: fprintf(to, "%lld", bf_column_integer(c, row)); break;
    case BF_COLUMN_F64: fputs(bf_json_number(bf_column_real(c, row), number), to); break;
    case BF_COLUMN_I8: fputs(bf_column_flag(c, row) ? "true" : "false", to); break;
    case BF_COLUMN_TEXT: bf_json_text(bf_column_text(c, row), to); break;
    }
}

void bf_table_json(const char *name, const bf_table_column *c, int n, int rows, FILE *to)
{
    fprintf(to, "\"%s\": [", name);
    for (int row = 0; row < rows; row++) {
        fputs(row ? ",\n  {" : "\n  {", to);
        for (int i = 0; i < n; i++) {
            fprintf(to, "%s\"%s\": ", i ? ", " : "", c[i].name);
            json_value(&c[i], row, to);
        }
        fputc('}', to);
    }
    fputc(']', to);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

static void csv_text(const char *text, FILE *to)
{
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void csv_value(const bf_table_column *c, int row, FILE *to)
{
    switch (c->type) {
    case BF_COLUMN_I64: fprintf(to, "%lld", bf_column_integer(c, row)); break;
    case BF_COLUMN_F64: if (isfinite(bf_column_real(c, row))) fprintf(to, "%.17g", bf_column_real(c, row)); break;
    case BF_COLUMN_I8: fputc(bf_column_flag(c, row) ? '1' : '0', to); break;
    case BF_COLUMN_TEXT: csv_text(bf_column_text(c, row), to); break;
    }
}

static void csv_names(const bf_table_column *c, int n, FILE *to)
{
    for (int i = 0; i < n; i++) fprintf(to, "%s%s", i ? "," : "", c[i].name);
}

static void csv_row(const bf_table_column *c, int n, int row, FILE *to)
{
    for (int i = 0; i < n; i++) {
        if (i) fputc(',', to);
        csv_value(&c[i], row, to);
    }
}

void bf_table_csv(const bf_table_column *group, int names, const bf_table_column *c, int n, int of, int rows, FILE *to)
{
    csv_names(group, names, to);
    fputc(',', to);
    csv_names(c, n, to);
    for (int row = 0; row < rows; row++) {
        fputc('\n', to);
        csv_row(group, names, (int)bf_column_integer(&c[of], row), to);
        fputc(',', to);
        csv_row(c, n, row, to);
    }
    fputc('\n', to);
}
