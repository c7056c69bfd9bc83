/* What one ended configuration leaves: a row of every table. Travels by letter to rank 0 and lies in the configuration's own file. */
#ifndef BF_STORE_RESULT_H
#define BF_STORE_RESULT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/column.h"
#include "base/times.h"
#include "base/status.h"

typedef enum bf_config_status {
    BF_PENDING = 0, BF_RUNNING = 1, BF_CONFIG_DONE = 2, BF_DIVERGED = 3, BF_CONFIG_FAILED = 4, BF_STOPPED = 5
} bf_config_status;
extern const char *const bf_config_status_names[];      /* "pending running done diverged failed stopped" */
static inline bool bf_config_has_ended(int64_t status) { return status == BF_CONFIG_DONE || status == BF_DIVERGED || status == BF_CONFIG_FAILED; }

typedef struct bf_result {
    int     id;
    int8_t  status;
    int32_t attempts;
    int64_t epochs_done, steps, parameters;
    double  seconds, gflops, roof_share;
    bf_times times;                         /* of the steps that led here, over all runs; NaN where it is not known. update_bytes is not kept */
    bf_times now;                           /* of this run alone, diverged attempts included; in a letter, not in a file */
    int64_t steps_now;                      /* and its steps */
    char    error[208];
    char    hash[17];
    int32_t parent;                         /* the configuration from whose final weights it starts; -1: none */
    char    origin[17];                     /* what else than its keys is in the hash: the parent's hash, or the digest of train.init_from's weights; "" neither */
    int     n_metrics, n_history;           /* columns */
    int64_t epochs;                         /* rows of history */
    double *metrics;                        /* (2 splits, n_metrics) */
    double *history;                        /* (epochs, n_history) */
    int     n_betas;                        /* values of beta a conditioned configuration was measured at; 0: another one */
    double *by_beta;                        /* (n_betas, 2 splits, n_metrics); NULL without betas */
} bf_result;
/* Local. Allocates NaN-filled tables. */
BF_MUST_USE bf_status bf_result_create(bf_result *r, int n_metrics, int n_history, int64_t epochs);
/* Local. Gives a result NaN-filled tables for so many values of beta. */
BF_MUST_USE bf_status bf_result_add_betas(bf_result *r, int n_betas);
/* Local. NaN again in both: some were taken, of one split or of some values of beta, and the others never will be. */
void bf_result_forget_measures(bf_result *r);
void bf_result_free(bf_result *r);
/* To and from bytes, for a letter. *bytes belongs to the caller: free(). Unpack trusts no size it reads. */
BF_MUST_USE bf_status bf_result_pack(const bf_result *r, void **bytes, size_t *n);
BF_MUST_USE bf_status bf_result_unpack(const void *bytes, size_t n, bf_result *out);
#endif
