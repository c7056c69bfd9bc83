#include "train/finite.h"

#include <math.h>
#include <string.h>

bool bf_finite_all(const float *v, size_t n)
{
    const uint32_t exponent = 0x7f800000u;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

bf_status bf_finite_check(const bf_params *p, const float *v, const char *what, int64_t step)
{
    size_t n = bf_params_size(p);
    if (bf_finite_all(v, n)) return BF_DONE;
    size_t i = 0;
    while (i < n && isfinite(v[i])) i++;
    const bf_slot *s = bf_params_owner(p, i);
    return BF_FAIL(BF_E_DIVERGED, "step %lld: %s of %s is not finite", (long long)step, what, s ? s->name : "(between tensors)");
}
