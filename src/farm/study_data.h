/* The data sets of a study: the distinct values of data.* among its configurations, each opened once. */
#ifndef BF_FARM_STUDY_DATA_H
#define BF_FARM_STUDY_DATA_H
#include "data/dataset.h"
#include "study/study.h"

typedef struct bf_study_data_sets {
    int count;
    bf_data_options *options;           /* (count) */
    bf_data_info    *info;              /* (count) from inspection; replaced by the open data set's when open */
    bf_dataset     **set;               /* (count) NULL until opened */
    uint64_t        *identity;          /* (count) unlike ones are unlike sets */
    int             *of;                /* (configurations, sweep order): index of its data set */
} bf_study_data_sets;

/* Local. Finds them and inspects each (headers only). What is wrong goes to problems with the place of its key; then BF_E_INPUT. */
BF_MUST_USE bf_status bf_study_data_inspect(const bf_study *s, bf_problems *problems, bf_study_data_sets *out);
/* Local. Files what bf_dataset_inspect found wrong in data options of the study under its key: the one the sentence begins with
 * ("data.train: ..."), else data.source or data.path. A failure that is not the study's mistake is handed back. */
BF_MUST_USE bf_status bf_study_data_problem(const bf_study *s, const bf_data_options *o, bf_status found, bf_problems *problems);
/* Collective over world. */
BF_MUST_USE bf_status bf_study_data_open(bf_study_data_sets *d, const bf_comm *world, const bf_comm *node);
/* Local, the same on every rank. What only the data can tell: train >= batch, likelihood against the range of the data. */
BF_MUST_USE bf_status bf_study_data_check(const bf_study_data_sets *d, const bf_study *s, bf_problems *problems);
void bf_study_data_close(bf_study_data_sets *d);        /* Collective over node when sets are open. */
#endif
