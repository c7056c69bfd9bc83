#include "store/times_attrs.h"

#include <math.h>
#include <stdio.h>

void bf_times_to_attrs(const bf_times *s, bf_attr out[BF_TIMES_ATTRS])
{
    for (int p = 0; p < BF_PHASES; p++) {
        out[p] = (bf_attr){ .type = 'f', .real = s ? s->seconds[p] : 0.0 };
        snprintf(out[p].name, sizeof out[p].name, "seconds_%s", bf_phase_names[p]);
    }
    out[BF_PHASES] = (bf_attr){ .name = "flops", .type = 'f', .real = s ? s->flops : 0.0 };
    out[BF_PHASES + 1] = (bf_attr){ .name = "gflops", .type = 'f', .real = s ? bf_times_gflops(s) : 0.0 };
}

/* The rate of one rank is what is stored, so that a training may go on with another number of them. */
void bf_times_from_attrs(const bf_attr in[BF_TIMES_ATTRS], bf_times *s)
{
    const double flops = in[BF_PHASES].real, gflops = in[BF_PHASES + 1].real;
    *s = (bf_times){ .flops = isfinite(flops) && flops > 0.0 ? flops : 0.0 };
    for (int p = 0; p < BF_PHASES; p++)
        if (isfinite(in[p].real) && in[p].real > 0.0) s->seconds[p] = in[p].real;
    if (isfinite(gflops) && gflops > 0.0) s->rank_seconds = 1e-9 * s->flops / gflops;
}

bf_times bf_times_unknown(void)
{
    bf_times s = { .flops = NAN, .rank_seconds = NAN, .update_bytes = NAN, .roof_seconds = NAN };
    for (int p = 0; p < BF_PHASES; p++) s.seconds[p] = NAN;
    return s;
}
