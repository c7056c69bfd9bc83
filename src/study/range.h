/* A numeric range as the table of keys writes it: "1:4096", "(0:inf)", "[0:1)", "1:4096|auto=0". */
#ifndef BF_STUDY_RANGE_H
#define BF_STUDY_RANGE_H
#include <stdbool.h>
#include <stddef.h>

typedef struct bf_range {
    double low, high;
    bool   open_low, open_high;
    char   word[16];            /* allowed beside numbers; "" none */
    double word_value;          /* what is stored for it */
} bf_range;

/* Local. text comes from our own table: a malformed one is our bug. NULL: every finite number. */
bf_range bf_range_parse(const char *text);
bool bf_range_holds(const bf_range *r, double v);
/* "[1, 4096]", "(0, inf)"; "" when every number is allowed. */
void bf_range_print(const bf_range *r, char *out, size_t size);
#endif
