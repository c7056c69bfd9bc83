#include "farm/speed.h"

#include <math.h>
#include <string.h>

#include "nn/backend.h"
#include "nn/roof.h"

bf_run_speed bf_speed_of(const bf_times *times, const bf_train_options *train)
{
    bf_run_speed s = bf_run_speed_unknown();
    double gflops, bandwidth;
    const bf_backend *backend = bf_backend_find(train->backend);
    if (!(times->rank_seconds > 0.0) || !backend) return s;
    const double update = times->seconds[BF_PHASE_UPDATE];
    memcpy(s.seconds, times->seconds, sizeof s.seconds);
    s.gflops = bf_times_gflops(times);
    s.update_bandwidth = update > 0.0 ? 1e-9 * times->update_bytes / update : NAN;
    bf_status measured = bf_gemm_roof(backend, bf_train_narrow(train), &gflops, &bandwidth);
    if (measured.code) return s;
    s.roof_gflops = gflops;
    s.roof_share = s.gflops / s.roof_gflops;
    s.memory_bandwidth = 1e-9 * bandwidth;
    s.memory_share = s.update_bandwidth / s.memory_bandwidth;
    return s;
}
