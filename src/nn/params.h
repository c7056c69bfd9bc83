/* Parameters: named slots in one flat vector. One vector means one optimiser pass, one sum over ranks, one block in a checkpoint. */
#ifndef BF_NN_PARAMS_H
#define BF_NN_PARAMS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum bf_init_kind { BF_INIT_CONST, BF_INIT_NORMAL } bf_init_kind;
typedef struct bf_init { bf_init_kind kind; double value; } bf_init;   /* the constant, or the standard deviation */

typedef struct bf_slot {
    char    name[64];           /* "encoder.0.weight" */
    size_t  offset, count;      /* in elements; offsets are multiples of 16, the gaps stay zero */
    int     rank;
    int64_t shape[4];           /* PyTorch layout: (out, in) */
    bf_init init;
    bool    decays;             /* weight decay applies */
    bool    average;            /* no gradient moves it: a running average, a vector of spectral normalisation */
    struct { int height, width, channels; } spatial[2];     /* of axis 0 and 1, where that axis runs over (height, width, channels); else zeros */
} bf_slot;

typedef struct bf_params bf_params;
bf_params *bf_params_create(void);                      /* NULL when memory is short */
void bf_params_destroy(bf_params **p);
/* Finds the slot of that name or adds it; returns its index, -1 when memory is short. A second use with another shape is our bug (assert). */
int bf_params_slot(bf_params *p, const char *name, int rank, const int64_t *shape, bf_init init, bool decays);
int bf_params_find(const bf_params *p, const char *name);   /* -1 when there is none */
int bf_params_slots(const bf_params *p);
const bf_slot *bf_params_at(const bf_params *p, int slot);
size_t bf_params_size(const bf_params *p);              /* elements of the flat vector, gaps included */
int64_t bf_params_count(const bf_params *p);            /* what is learned: without gaps and running averages */
void bf_params_average(bf_params *p, int slot);         /* the slot is one of the latter */
/* theta (size): addressed by seed and the hash of each slot's name, so equal names start equal in every configuration. */
void bf_params_init(const bf_params *p, uint64_t seed, float *theta);
/* Axis (0 or 1) of a slot runs over (height, width, channels) positions. */
void bf_params_spatial(bf_params *p, int slot, int axis, int height, int width, int channels);
/* A slot's elements as files hold them, PyTorch's order: a spatial axis runs over (channels, height, width) there. from and to (count). */
void bf_params_export(const bf_slot *s, const float *from, float *to);
void bf_params_import(const bf_slot *s, const float *from, float *to);
/* The slot that holds element i, for naming what became non-finite. */
const bf_slot *bf_params_owner(const bf_params *p, size_t i);
#endif
