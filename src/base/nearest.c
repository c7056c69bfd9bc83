#include "base/nearest.h"

#include <limits.h>
#include <string.h>

enum { LONGEST = 127 };

static int min_of(int a, int b) { return a < b ? a : b; }

int bf_edit_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return INT_MAX;
    /* Three rows of the optimal-string-alignment table: two back for the swap of neighbours. */
    int row[3][LONGEST + 1];
    int *before = row[0], *above = row[1], *here = row[2];
    for (size_t j = 0; j <= m; j++) above[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        here[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            const int replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            here[j] = min_of(replace, 1 + min_of(above[j], here[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) here[j] = min_of(here[j], before[j - 2] + 1);
        }
        int *free_row = before;
        before = above;
        above = here;
        here = free_row;
    }
    return above[m];
}

int bf_edit_limit(const char *name)
{
    const size_t n = strlen(name);
    return n <= 3 ? 1 : n <= 8 ? 2 : (int)(n / 3 < 6 ? n / 3 : 6);
}
