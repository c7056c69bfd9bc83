#include "farm/layout.h"

#include "base/plural.h"
#include "base/power_of_two.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int min_of(int a, int b) { return a < b ? a : b; }
static int max_of(int a, int b) { return a > b ? a : b; }

/* The team size for a study with that many lanes. One rank per configuration while at least as many can train at a time as there are
 * ranks; below that the size whose rounds of configurations end first, the smaller one when two are equal. */
static int best_size(int ranks, int width, int lanes)
{
    int best = 1;
    double best_time = 0.0;
    if (width >= ranks) return 1;
    for (int size = 1; size <= min_of(lanes, ranks); size *= 2) {
        const int teams = ranks / size, rounds = (width + teams - 1) / teams;
        const double time = (double)rounds / size;
        if (size > 1 && time >= best_time) continue;
        best = size;
        best_time = time;
    }
    return best;
}

static int idle_ranks(int ranks, int width, int size) { return ranks - min_of(ranks / size, max_of(width, 1)) * size; }

/* The smallest lane count above `lanes` that leaves fewer ranks idle than now; 0 when none does. */
static int better_lanes(int ranks, int width, int lanes, int idle)
{
    int found = 0;
    for (int more = lanes * 2; more <= ranks; more *= 2) {
        const int left = idle_ranks(ranks, width, best_size(ranks, width, more));
        if (left >= idle) continue;
        found = more;
        idle = left;
    }
    return found;
}

static void explain(bf_layout *l, int pending, int width, int lanes, int64_t wanted)
{
    int n = 0;
    const size_t size = sizeof l->why;
    char chains[40] = "";
    if (width < pending) snprintf(chains, sizeof chains, " in %d chain%s", width, bf_plural(width));
    if (wanted && l->team_size < wanted)
        n = snprintf(l->why, size, "parallel.ranks_per_config is %lld, but there are only %d rank%s", (long long)wanted, l->ranks, bf_plural(l->ranks));
    else if (wanted)
        n = snprintf(l->why, size, "parallel.ranks_per_config is %lld", (long long)wanted);
    else if (pending == 0)
        n = snprintf(l->why, size, "nothing left to train");
    else if (width >= l->ranks)
        n = snprintf(l->why, size, "%d configuration%s%s for %d rank%s", pending, bf_plural(pending), chains, l->ranks, bf_plural(l->ranks));
    else
        n = snprintf(l->why, size, "%d configuration%s%s for %d ranks, train.lanes %d", pending, bf_plural(pending), chains, l->ranks, lanes);
    if (l->idle == 0 || pending == 0 || wanted) return;
    const int more = better_lanes(l->ranks, width, lanes, l->idle);
    if (more) snprintf(l->why + n, size - (size_t)n, "; %d idle, train.lanes %d would use more", l->idle, more);
    else snprintf(l->why + n, size - (size_t)n, "; %d idle", l->idle);
}

bf_status bf_layout_decide(int ranks, int pending, int width, int lanes, int64_t wanted, bf_layout *out)
{
    memset(out, 0, sizeof *out);
    if (ranks < 1 || pending < 0 || width > pending || (width < 1 && pending > 0) || !bf_power_of_two(lanes))
        return BF_FAIL(BF_E_INTERNAL, "no layout for %d ranks, %d configurations, %d at a time, %d lanes", ranks, pending, width, lanes);
    if (wanted && !bf_power_of_two(wanted))
        return BF_FAIL(BF_E_INPUT, "parallel.ranks_per_config: %lld is no power of two", (long long)wanted);
    if (wanted > lanes)
        return BF_FAIL(BF_E_INPUT, "parallel.ranks_per_config: %lld is larger than train.lanes, %d", (long long)wanted, lanes);
    out->ranks = ranks;
    out->team_size = wanted ? (int)wanted : best_size(ranks, width, lanes);
    while (out->team_size > ranks) out->team_size /= 2;
    out->teams = min_of(ranks / out->team_size, max_of(width, 1));
    out->idle = ranks - out->teams * out->team_size;
    explain(out, pending, width, lanes, wanted);
    return BF_DONE;
}
