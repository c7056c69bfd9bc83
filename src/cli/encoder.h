/* A trained configuration out of its study's folder, ready to encode rows of new data. */
#ifndef BF_CLI_ENCODER_H
#define BF_CLI_ENCODER_H
#include <stdint.h>
#include "base/file.h"
#include "data/dataset.h"
#include "study/config.h"
#include "vae/vae.h"

typedef struct bf_encoder {         /* zero it; bf_encoder_close() */
    int64_t    id;
    char       path[BF_PATH];       /* of its file */
    bf_config  config;
    char       hash[17];            /* its config_hash, as its file has it */
    int        dims, shape[3], width;
    bf_stored  stored;              /* what the study trained on; model units = stored * scale + shift */
    double     scale, shift;
    int        classes;             /* that a model conditioned on labels has learned; 0 for others */
    bf_params *params;
    float     *theta;               /* (params size) */
    int        rows;                /* of a block: as many as evaluation took at once, because they are part of a product's bits */
    bf_vae     vae;                 /* one block */
    double    *stats;
    int64_t   *samples;             /* (rows) */
} bf_encoder;

/* Where a block's rows go; every member holds the block's n rows, logvar and rate are NULL where the model has none. */
typedef struct bf_encoded { float *mean, *logvar, *z, *reconstruction, *rate, *mse; } bf_encoded;

/* Local. BF_E_INPUT when there is no such configuration or it left no weights. */
BF_MUST_USE bf_status bf_encoder_open(const char *dir, int64_t id, bf_encoder *e);
/* Local. x (n, width) in model units are rows first .. first+n-1 of the data, n <= rows of a block; the draw of a row is addressed by its index.
 * labels (n): their classes, 0 .. classes-1; NULL where the model is told none. */
void bf_encoder_run(bf_encoder *e, const float *x, const int32_t *labels, int64_t first, int n, const bf_encoded *out);
void bf_encoder_close(bf_encoder *e);
#endif
