/* Some evenly spaced samples of one stored posterior. */
#ifndef BF_CLI_ALIGN_ROWS_H
#define BF_CLI_ALIGN_ROWS_H
#include "cli/align_members.h"

typedef struct bf_align_rows {      /* zero it; bf_align_rows_free() */
    int64_t samples, count;         /* of the part; of these, those that are here */
    int     latent;
    float  *mean, *z;               /* (count, latent) */
} bf_align_rows;

/* Local. Replaces what was in *out; the file's checksums have to hold. */
BF_MUST_USE bf_status bf_align_rows_read(const char *dir, int split, const bf_align_member *from, bf_align_rows *out);
void bf_align_rows_free(bf_align_rows *r);
#endif
