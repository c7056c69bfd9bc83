#include "base/times.h"

#include <math.h>

#include "base/clock.h"

const char *const bf_phase_names[BF_PHASES] = { "data", "forward", "backward", "reduce", "update", "evaluation", "files" };

void bf_times_add(bf_times *to, const bf_times *more)
{
    for (int p = 0; p < BF_PHASES; p++)
        to->seconds[p] += more->seconds[p];
    to->flops += more->flops;
    to->rank_seconds += more->rank_seconds;
    to->update_bytes += more->update_bytes;
    to->roof_seconds += more->roof_seconds;
}

double bf_times_step_seconds(const bf_times *s)
{
    double sum = 0.0;
    for (int p = BF_PHASE_DATA; p <= BF_PHASE_UPDATE; p++)
        sum += s->seconds[p];
    return sum;
}

double bf_times_gflops(const bf_times *s)
{
    return s->rank_seconds > 0.0 ? 1e-9 * s->flops / s->rank_seconds : NAN;
}

void bf_times_lap(bf_times *s, bf_phase phase, double *then)
{
    const double now = bf_clock_seconds();
    s->seconds[phase] += now - *then;
    *then = now;
}
