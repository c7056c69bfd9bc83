/* Numbers as JSON: what is not finite is null. Text goes through bf_json_escape() in base/log.h. */
#ifndef BF_BASE_JSON_H
#define BF_BASE_JSON_H
#include <math.h>
#include <stdio.h>
static inline const char *bf_json_number(double v, char out[32])
{
    snprintf(out, 32, isfinite(v) ? "%.15g" : "null", v);
    return out;
}
#endif
