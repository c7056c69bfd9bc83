/* Where the time of a training step goes, layer by layer: what `plan --layers` shows. */
#ifndef BF_CLI_LAYER_TIMES_H
#define BF_CLI_LAYER_TIMES_H
#include "train/trainer.h"

typedef struct bf_layer_time {
    char     name[64], op[24];      /* of its parameters, "encoder.0"; "" when it has none */
    bf_shape shape;                 /* of its output, for all rows; 0 channels: it has none */
    double   flops, forward, back;  /* of a step; seconds */
} bf_layer_time;

typedef struct bf_layer_times {
    int            id, count;       /* of the configuration; 0: nothing was timed */
    int64_t        steps;
    bf_layer_time *layer;
    double         step, data, update;      /* seconds of a step: all of it; its samples; gradient norm and optimiser */
} bf_layer_times;

/* What the trainer has kept of its nodes' times, and its phases since `before`, over so many steps that took so many seconds. out belongs to the
 * caller: bf_layer_times_free(). */
BF_MUST_USE bf_status bf_layer_times_take(const bf_trainer *t, const bf_times *before, int64_t steps, double seconds, bf_layer_times *out);
/* rate: floating-point operations per second of a large product. */
BF_MUST_USE bf_status bf_layer_times_print(const bf_layer_times *l, double rate);
/* A member of an object: "layers": {...}, and a comma behind it; nothing where nothing was timed. */
void bf_layer_times_json(const bf_layer_times *l);
void bf_layer_times_free(bf_layer_times *l);
#endif
