#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bf_clock_seconds(void)
{
    return now(CLOCK_MONOTONIC);
}

double bf_clock_epoch(void)
{
    return now(CLOCK_REALTIME);
}

void bf_clock_iso8601(double epoch, char out[32])
{
    const double year_10000 = 253402300800.0;
    struct tm parts;
    time_t whole = epoch >= 0.0 && epoch < year_10000 ? (time_t)epoch : (time_t)-1;     /* NaN fails both */
    if (whole < 0 || gmtime_r(&whole, &parts) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, 32, "unknown");
}

void bf_clock_human(double seconds, char out[32])
{
    if (!(seconds >= 0.0 && seconds < 1e12)) {
        snprintf(out, 32, "unknown");
        return;
    }
    long long s = llround(seconds);     /* first round, then choose the form: 59.7 s is one minute */
    if (seconds < 0.0995)
        snprintf(out, 32, "%.0f ms", 1e3 * seconds);
    else if (seconds < 9.95)
        snprintf(out, 32, "%.1f s", seconds);
    else if (s < 60)
        snprintf(out, 32, "%lld s", s);
    else if (s < 3600)
        snprintf(out, 32, "%lld min %02lld s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%lld h %02lld min", s / 3600, s % 3600 / 60);
    else
        snprintf(out, 32, "%lld d %02lld h", s / 86400, s % 86400 / 3600);
}
