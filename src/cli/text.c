#include "cli/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct bf_table {
    char   align[BF_TABLE_COLUMNS + 1];
    size_t columns, cells, capacity;
    char (*cell)[BF_TABLE_CELL];
    bool   short_of_memory;
};

bf_table *bf_table_create(const char *align)
{
    bf_table *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    snprintf(t->align, sizeof t->align, "%s", align);
    t->columns = strlen(t->align);
    return t;
}

void bf_table_cell(bf_table *t, const char *format, ...)
{
    if (t->cells == t->capacity) {
        const size_t more = t->capacity ? 2 * t->capacity : 256;
        void *cell = realloc(t->cell, more * sizeof *t->cell);
        if (!cell) {
            t->short_of_memory = true;
            return;
        }
        t->cell = cell;
        t->capacity = more;
    }
    char *out = t->cell[t->cells++];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(out, BF_TABLE_CELL, format, args);
    va_end(args);
    if (n >= BF_TABLE_CELL) memcpy(out + BF_TABLE_CELL - 4, "...", 4);
}

void bf_table_number(bf_table *t, const char *format, double v)
{
    char text[BF_TABLE_CELL];
    snprintf(text, sizeof text, format, v);
    bf_table_cell(t, "%s", isfinite(v) ? text : "-");
}

bf_status bf_table_print(const bf_table *t, FILE *to)
{
    int width[BF_TABLE_COLUMNS] = { 0 };
    if (t->short_of_memory) return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    for (size_t i = 0; i < t->cells; i++) {
        const int n = (int)strlen(t->cell[i]);
        if (n > width[i % t->columns]) width[i % t->columns] = n;
    }
    for (size_t i = 0; i < t->cells; i++) {
        const size_t column = i % t->columns;
        const bool last = column + 1 == t->columns;
        /* No blanks at the end of a line. */
        if (t->align[column] == 'r') fprintf(to, "  %*s", width[column], t->cell[i]);
        else fprintf(to, "  %-*s", last ? 0 : width[column], t->cell[i]);
        if (last) fputc('\n', to);
    }
    return BF_DONE;
}

void bf_table_destroy(bf_table **t)
{
    if (!*t) return;
    free((*t)->cell);
    free(*t);
    *t = NULL;
}

/* Three digits and a unit. */
static void human(double v, double step, const char *const *unit, int units, char out[24])
{
    int u = 0;
    if (!isfinite(v)) {
        snprintf(out, 24, "unknown");
        return;
    }
    /* 999.5 would print as 1e+03 or 1000: the next unit begins where three digits end. */
    while (fabs(v) >= (u ? 999.5 : step) && u + 1 < units) {
        v /= step;
        u++;
    }
    if (u == 0 || fabs(v) >= 99.95) snprintf(out, 24, "%.0f%s%s", v, unit[u][0] ? " " : "", unit[u]);
    else snprintf(out, 24, "%.*f %s", fabs(v) >= 9.995 ? 1 : 2, v, unit[u]);
}

void bf_human_bytes(double bytes, char out[24])
{
    static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    human(bytes, 1024.0, unit, 6, out);
}

void bf_human_count(double n, char out[24])
{
    static const char *const unit[] = { "", "k", "M", "G", "T", "P" };
    human(n, 1000.0, unit, 6, out);
}

void bf_json_text(const char *text, FILE *to)
{
    /* An escape is at most six bytes for one. */
    const size_t size = 6 * strlen(text) + 1;
    char *escaped = malloc(size);
    if (escaped) bf_json_escape(text, escaped, size);
    fprintf(to, "\"%s\"", escaped ? escaped : "");
    free(escaped);
}

void bf_print_wrapped(const char *text, int indent, FILE *to)
{
    const int room = BF_TEXT_COLUMNS - indent;
    while (*text) {
        int n = (int)strlen(text);
        if (n > room)
            /* The last blank that fits; a word longer than the line is cut. */
            for (n = room; n > 0 && text[n] != ' '; n--) {}
        if (n == 0) n = room;
        fprintf(to, "%*s%.*s\n", indent, "", n, text);
        text += n;
        text += strspn(text, " ");
    }
}
