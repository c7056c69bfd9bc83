/* What encoder and decoder are told beside the sample: the weight of the rate, beta, the sample's class, or both.
 *
 * beta: one set of parameters then covers a range of it. Networks see n, which has mean 0 and variance 1 while log beta is even over the range:
 * log beta = middle + slope n. In training every row draws its own; elsewhere the caller gives it, one for a whole pass. How n enters a network
 * is a row of the table of modulations.
 *
 * label: a class is a row of numbers with one 1, which stands beside what encoder and decoder are given, at every position of an image. The
 * prior stays what it is, so the posteriors of all classes together fill it and z holds what the class does not tell. */
#ifndef BF_VAE_CONDITION_H
#define BF_VAE_CONDITION_H
#include "nn/plan.h"
#include "vae/options.h"

typedef enum bf_half { BF_ENCODER, BF_DECODER, BF_HALVES } bf_half;

typedef struct bf_condition {
    bf_value n;                 /* (rows, 1); BF_NO_VALUE: the model is told no beta, and modulations leave its values alone */
    bf_value label;             /* (rows, classes); BF_NO_VALUE: the model is told no class */
    double   middle, slope;
    double   first, step;       /* of a listed modulation: the n it learns are first + k step, k below count */
    int      count;             /* 0: all of the range */
    int     *acted;             /* (BF_HALVES) borrowed: how often a modulation acted on either side's layers; NULL: nobody counts */
} bf_condition;

typedef struct bf_modulation {
    const char *name, *help;
    /* Behind a hidden layer's affine map (and normalisation), before its activation; slots begin with the layer's name. NULL: not there. */
    bf_value (*hidden)(bf_builder *b, const bf_condition *c, bf_value v, const char *name, bf_half side);
    bool beside;                /* n stands beside what the network is given */
    bool listed;                /* learns the values of the grid alone, which are even in the logarithm */
    bool capped;                /* what log beta adds to a log variance is 0 at most: no dimension is wider than the prior */
} bf_modulation;
const bf_modulation *bf_modulation_find(const char *name);
extern const char *const bf_modulation_names[], *const bf_condition_names[];     /* NULL-terminated, for the table of keys */
extern const bf_modulation bf_modulation_gate, bf_modulation_root, bf_modulation_film, bf_modulation_cconv;

bool bf_beta_conditioned(const bf_vae_options *o);
bool bf_label_conditioned(const bf_vae_options *o);
/* Local. What cannot be conditioned, as a sentence that begins with a key. */
BF_MUST_USE bf_status bf_condition_check(const bf_vae_options *o);
/* beta drawn for every row (for the draws of one beta once: draws.h), or given; the class is given in any case. */
bf_condition bf_condition_drawn(bf_builder *b, const bf_vae_options *o, int classes, int rows);
bf_condition bf_condition_given(bf_builder *b, const bf_vae_options *o, int classes, int rows);
/* The same for all rows of the plan. */
bf_condition bf_condition_repeated(bf_builder *b, const bf_condition *c);
/* Local. Whether a model may be told this beta: inside of its range, and a value of its grid where it learns those alone. */
bool bf_condition_knows(const bf_vae_options *o, double beta);
double bf_condition_n(const bf_vae_options *o, double beta);
/* The values a conditioned model is evaluated at: objective.grid, or 20 between the ends of the range, evenly in the logarithm. */
void bf_condition_grid(const bf_vae_options *o, bf_f64_list *out);
/* Which of them its posteriors are stored for, and its training evaluated at: the one nearest 1 in the logarithm. */
double bf_condition_stored_beta(const bf_vae_options *o);

/* A hidden layer's value, and a network's input, as the model's modulation makes them. */
bf_value bf_modulate(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value v, const char *name, bf_half side);
bf_value bf_tell(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value v);
/* Local. After both sides are recorded: BF_E_INPUT when one of them was not told the beta that the model is conditioned on. */
BF_MUST_USE bf_status bf_condition_acted(const bf_vae_options *o, const bf_condition *c);
#endif
