/* The rows that a sample makes in a training batch: one for every beta of a conditioned model (objective.betas_per_sample), and for each of them
 * one for every draw of its posterior (objective.draws). The loss is the mean over rows, so gradients and statistics are of one scale however many
 * there are. What the noise of these draws is, is a row of a table (objective.draw). Training alone: evaluation draws as ever.
 *
 * Row r of a sample is draw r % draws of its beta r / draws. Draws of one posterior that stand in one lane have one encoder row, whose mean and log
 * variance are repeated for them: the encoder sees a sample, with its beta and class, once. */
#ifndef BF_VAE_DRAWS_H
#define BF_VAE_DRAWS_H
#include "nn/plan.h"
#include "vae/options.h"

typedef struct bf_drawing {
    const char  *name;
    const bf_op *op;                                    /* makes the noise (rows, latent) */
    int64_t    (*count)(const bf_vae_options *o);       /* draws that belong together */
    bool         once;                                  /* so many and no more; else any multiple of them */
} bf_drawing;
const bf_drawing *bf_drawing_find(const char *name);
extern const char *const bf_drawing_names[];            /* NULL-terminated, for the table of keys */

/* Local. Draws of every beta of a sample, and the rows it makes in all; 1 unless a key says otherwise. */
int64_t bf_draws(const bf_vae_options *o);
int64_t bf_sample_rows(const bf_vae_options *o);
/* Local. How many rows of a lane, one after the other, are draws of one posterior: all of its draws, or, where lanes that have so many rows are cut
 * between them, the largest number that cuts both evenly. */
int bf_draws_together(const bf_vae_options *o, int rows);
/* " times objective.draws": the keys that make several rows of a sample, for sentences about a batch; "" where it makes one. */
const char *bf_sample_rows_keys(const bf_vae_options *o);
/* Local. What cannot be drawn so, as a sentence that begins with a key. */
BF_MUST_USE bf_status bf_draws_check(const bf_vae_options *o);

/* Samples lie below 2^40 (base/rng.h), so the number of a sample's row has room above: row 0 keeps the address that the sample has alone. */
enum { BF_ROW_SHIFT = 40, BF_MAX_SAMPLE_ROWS = 1 << 23 };
static inline int64_t bf_row_address(int64_t sample, int64_t row) { return sample | row << BF_ROW_SHIFT; }
static inline int64_t bf_row_number(int64_t address) { return address >> BF_ROW_SHIFT; }
/* One address for `count` rows of a sample, one after the other: that of a row whose number is the number of their group. */
static inline int64_t bf_row_shared(int64_t address, int64_t count)
{
    const int64_t sample = address & (((int64_t)1 << BF_ROW_SHIFT) - 1);
    return bf_row_address(sample, bf_row_number(address) / count);
}
#endif
