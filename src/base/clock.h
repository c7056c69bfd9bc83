/* Time: seconds for durations, ISO 8601 for people. */
#ifndef BF_BASE_CLOCK_H
#define BF_BASE_CLOCK_H
#include <stddef.h>
double bf_clock_seconds(void);                          /* monotonic */
double bf_clock_epoch(void);                            /* seconds since 1970 */
void bf_clock_iso8601(double epoch, char out[32]);      /* "2026-03-01T12:00:00Z" */
void bf_clock_human(double seconds, char out[32]);      /* "1 h 05 min", "3.2 s" */
#endif
