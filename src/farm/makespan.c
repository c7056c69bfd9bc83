#include "farm/makespan.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct task { double left, end; int index, parent; bool has_child, placed; } task;   /* left: its own seconds and its descendants' */

typedef struct plan { int n, teams, first; const double *seconds; task *task; const task **order; double *busy; } plan;

/* From the ends of the chains up. Counts the chains on the way. */
static void measure_chains(const plan *p, bf_makespan *out)
{
    task *t = p->task;
    for (int i = 0; i < p->n; i++)
        if (t[i].parent >= 0) t[t[i].parent].has_child = true;
    for (int i = 0; i < p->n; i++) {
        if (t[i].has_child) continue;
        int length = 0;
        double left = 0.0;
        for (int at = i; at >= 0; at = t[at].parent, length++) {
            left += p->seconds[at];
            t[at].left = left;
        }
        out->path = fmax(out->path, left);
        out->chains += length > 1;
        if (length > out->longest) out->longest = length;
    }
}

static int longest_first(const void *a, const void *b)
{
    const task *x = *(const task *const *)a, *y = *(const task *const *)b;
    if (x->left != y->left) return x->left > y->left ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The first in order that may start at a time; -1 when none may, and then *next is when one will. */
static int find_ready(plan *p, double now, double *next)
{
    *next = INFINITY;
    while (p->first < p->n && p->order[p->first]->placed) p->first++;
    for (int k = p->first; k < p->n; k++) {
        const task *t = p->order[k], *parent = t->parent >= 0 ? &p->task[t->parent] : NULL;
        if (t->placed || (parent && !parent->placed)) continue;
        if (!parent || parent->end <= now) return t->index;
        *next = fmin(*next, parent->end);
    }
    return -1;
}

static double place_all(plan *p)
{
    double total = 0.0, next;
    for (int done = 0; done < p->n;) {
        int team = 0;
        for (int t = 1; t < p->teams; t++)
            if (p->busy[t] < p->busy[team]) team = t;
        const int i = find_ready(p, p->busy[team], &next);
        if (i < 0) {
            p->busy[team] = next;
            continue;
        }
        p->busy[team] += p->seconds[i];
        p->task[i].end = p->busy[team];
        p->task[i].placed = true;
        total = fmax(total, p->busy[team]);
        done++;
    }
    return total;
}

bf_status bf_makespan_of(const double *seconds, const int *parent, int n, int teams, bf_makespan *out)
{
    plan p = { .n = n, .teams = teams, .seconds = seconds, .task = calloc((size_t)n + 1, sizeof *p.task),
               .order = calloc((size_t)n + 1, sizeof *p.order), .busy = calloc((size_t)teams, sizeof *p.busy) };
    bf_status s = p.task && p.order && p.busy ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to lay out %d configurations", n);
    *out = (bf_makespan){ 0 };
    for (int i = 0; !s.code && i < n; i++) {
        p.task[i] = (task){ .index = i, .parent = parent[i] };
        p.order[i] = &p.task[i];
    }
    if (!s.code) {
        measure_chains(&p, out);
        qsort(p.order, (size_t)n, sizeof *p.order, longest_first);
        out->total = place_all(&p);
    }
    free(p.busy);
    free(p.order);
    free(p.task);
    return s;
}
