#include "farm/speed.h"

#include <math.h>
#include <string.h>

#include "nn/backend.h"
#include "nn/roof.h"

double bf_roof_of(bf_roofs *r, const bf_train_options *train)
{
    const bf_backend *backend = bf_backend_find(train->backend);
    const bool narrow = bf_train_narrow(train);
    if (!backend) return NAN;
    for (int i = 0; i < r->count; i++)
        if (r->known[i].backend == backend && r->known[i].narrow == narrow) return r->known[i].flops;
    const double measured = bf_gemm_roof(backend, narrow), flops = measured > 0.0 ? measured : NAN;
    if (r->count < BF_MAX_ROOFS) {
        r->known[r->count].backend = backend;
        r->known[r->count].narrow = narrow;
        r->known[r->count++].flops = flops;
    }
    return flops;
}

bf_run_speed bf_speed_of(const bf_times *times)
{
    bf_run_speed s = bf_run_speed_unknown();
    if (!(times->rank_seconds > 0.0)) return s;
    const double update = times->seconds[BF_PHASE_UPDATE], memory = 1e-9 * bf_memory_roof();
    memcpy(s.seconds, times->seconds, sizeof s.seconds);
    s.gflops = bf_times_gflops(times);
    s.roof_gflops = times->roof_seconds > 0.0 ? 1e-9 * times->flops / times->roof_seconds : NAN;
    s.roof_share = s.gflops / s.roof_gflops;
    s.update_bandwidth = update > 0.0 ? 1e-9 * times->update_bytes / update : NAN;
    s.memory_bandwidth = memory > 0.0 ? memory : NAN;
    s.memory_share = s.update_bandwidth / s.memory_bandwidth;
    return s;
}
