#include "study/study.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void bf_problems_add(bf_problems *p, int line, int column, const char *key, const char *format, ...)
{
    if (p->count == p->capacity && p->capacity < BF_MAX_PROBLEMS) {
        const int capacity = p->capacity ? BF_MAX_PROBLEMS : 8;
        bf_problem *at = realloc(p->at, (size_t)capacity * sizeof *at);
        if (at) {
            p->at = at;
            p->capacity = capacity;
        }
    }
    if (p->count == p->capacity) {
        p->dropped++;
        return;
    }
    bf_problem *q = &p->at[p->count++];
    q->line = line;
    q->column = column;
    snprintf(q->key, sizeof q->key, "%s", key);
    va_list args;
    va_start(args, format);
    vsnprintf(q->what, sizeof q->what, format, args);
    va_end(args);
}

static bool comes_before(const bf_problem *a, const bf_problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

static void print_one(const bf_problem *q, const char *file, FILE *to)
{
    const bool override = strncmp(q->key, "--set", 5) == 0;
    if (!override && q->line > 0) fprintf(to, "%s:%d:%d: ", file, q->line, q->column);
    else if (!override) fprintf(to, "%s: ", file);
    if (q->key[0]) fprintf(to, "%s: ", q->key);
    fprintf(to, "%s\n", q->what);
}

void bf_problems_print(const bf_problems *p, const char *file, FILE *to)
{
    int order[BF_MAX_PROBLEMS];     /* insertion sort: at most a hundred, and equal places keep their order */
    for (int i = 0; i < p->count; i++) {
        int j = i;
        for (; j > 0 && comes_before(&p->at[i], &p->at[order[j - 1]]); j--) order[j] = order[j - 1];
        order[j] = i;
    }
    for (int i = 0; i < p->count; i++) print_one(&p->at[order[i]], file, to);
    if (p->dropped > 0) fprintf(to, "%s: %d more problems\n", file, p->dropped);
}

void bf_problems_free(bf_problems *p)
{
    free(p->at);
    memset(p, 0, sizeof *p);
}
