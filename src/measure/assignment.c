/* Kuhn and Munkres' method in Jonker and Volgenant's form: rows join one by one; each search for a free column walks along least reduced costs,
 * and prices of rows and columns keep every reduced cost at 0 or above. O(rows^2 cols). */
#include "measure/assignment.h"

#include "base/arena.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define NOBODY (-1)

typedef struct market {
    const double *weight;           /* (rows, cols) */
    int      rows, cols;
    bf_arena arena;
    double  *row_price;             /* (rows) */
    double  *col_price, *least;     /* (cols + 1): the last column is where a search starts; least reduced cost on the way to a column */
    int     *row_of, *from;         /* (cols + 1) who has a column; the column before it on the way */
    bool    *visited;               /* (cols + 1) */
} market;

static void memory(market *m, bf_arena *a)
{
    const size_t cols = (size_t)m->cols + 1;
    m->row_price = BF_TAKE(a, double, m->rows);
    m->col_price = BF_TAKE(a, double, cols);
    m->least     = BF_TAKE(a, double, cols);
    m->row_of    = BF_TAKE(a, int, cols);
    m->from      = BF_TAKE(a, int, cols);
    m->visited   = BF_TAKE(a, bool, cols);
}

/* From a visited column on: the nearest column that is not, by what the row that has `at` would pay there. */
static int nearest(market *m, int at)
{
    const int row = m->row_of[at];
    const double *weight = m->weight + (size_t)row * (size_t)m->cols;
    int best = NOBODY;
    for (int c = 0; c < m->cols; c++) {
        if (m->visited[c]) continue;
        const double cost = -weight[c] - m->row_price[row] - m->col_price[c];
        if (cost < m->least[c]) {
            m->least[c] = cost;
            m->from[c] = at;
        }
        if (best == NOBODY || m->least[c] < m->least[best]) best = c;
    }
    return best;
}

/* The way to the next column becomes free of cost, for all who are on it. */
static void pay(market *m, double price)
{
    for (int c = 0; c <= m->cols; c++) {
        if (m->visited[c]) {
            m->row_price[m->row_of[c]] += price;
            m->col_price[c] -= price;
        } else {
            m->least[c] -= price;
        }
    }
}

static void join(market *m, int row)
{
    int at = m->cols;
    m->row_of[at] = row;
    for (int c = 0; c <= m->cols; c++) {
        m->least[c] = INFINITY;
        m->visited[c] = false;
    }
    while (m->row_of[at] != NOBODY) {
        m->visited[at] = true;
        const int next = nearest(m, at);
        pay(m, m->least[next]);
        at = next;
    }
    while (at != m->cols) {             /* everybody on the way moves on by one */
        m->row_of[at] = m->row_of[m->from[at]];
        at = m->from[at];
    }
}

bf_status bf_assignment_best(const double *weight, int rows, int cols, int *of_row)
{
    market m = { .weight = weight, .rows = rows, .cols = cols };
    memory(&m, &m.arena);
    BF_TRY(bf_arena_commit(&m.arena));
    memory(&m, &m.arena);
    for (int c = 0; c <= cols; c++) m.row_of[c] = NOBODY;
    for (int r = 0; r < rows; r++) join(&m, r);
    for (int c = 0; c < cols; c++)
        if (m.row_of[c] != NOBODY) of_row[m.row_of[c]] = c;
    bf_arena_release(&m.arena);
    return BF_DONE;
}
