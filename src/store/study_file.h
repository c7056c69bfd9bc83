/* study.h5: every table, and a relative external link to every ended configuration. Rewritten whole by one rank with the serial
 * driver and published by rename, so a reader never meets a torn or locked file. An index: it can be rebuilt from configs/. */
#ifndef BF_STORE_STUDY_FILE_H
#define BF_STORE_STUDY_FILE_H
#include "comm/comm.h"
#include "store/run_speed.h"
#include "store/schema.h"
#include "store/site.h"

typedef enum bf_column_type { BF_COLUMN_I64, BF_COLUMN_F64, BF_COLUMN_I8, BF_COLUMN_TEXT } bf_column_type;
typedef struct bf_sweep_column {            /* /sweep/<name>, one value per configuration */
    bf_column      about;
    bf_column_type type;
    int            width;                   /* TEXT: fixed length */
    const void    *values;                  /* (configs) int64_t, double, int8_t or char[width] */
} bf_sweep_column;

typedef struct bf_run_record { char start[32], end[32], job[64], hosts[256]; int ranks, exit_code; bf_run_speed speed; } bf_run_record;

typedef struct bf_study_data {              /* /data: one per data set of the study; the first is /data itself, others /data/set1 ... */
    const bf_attr *attrs; int n_attrs;
    bool labels, factors, clean;            /* linked from data.h5 */
} bf_study_data;

typedef struct bf_study_tables {
    const char *study, *uuid, *created;
    bool complete;
    int configs;
    const int *ids;                         /* NULL: 0..configs-1 */
    const bf_sweep_column *sweep; int n_sweep;      /* swept keys, objective_beta, model_latent, seed; the fixed columns come from results */
    const bf_result *results;               /* (configs); history may have any number of rows */
    const bf_schema *schema;
    const bf_study_data *data; int n_data;
    const bf_attr *provenance; int n_provenance;
    const char *input, *effective_input;    /* texts under /provenance */
    const bf_run_record *runs; int n_runs;
} bf_study_tables;

/* Local. comm only for its fault plan. */
BF_MUST_USE bf_status bf_study_file_write(const bf_comm *comm, const bf_site *site, const bf_study_tables *t);
/* Local. What a restart needs of an older study.h5: its uuid, creation time and runs; *found false when there is none or it is unreadable. */
BF_MUST_USE bf_status bf_study_file_identity(const char *dir, char uuid[37], char created[32], bf_run_record *runs, int capacity, int *n_runs, bool *found);
#endif
