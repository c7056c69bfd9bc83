/* The study's folder as rank 0 sees it: which configurations there are, by id, and what has become of each. A folder that
 * already holds the study is continued: ids are kept by config_hash, ended configurations are read back, the rest is pending. */
#ifndef BF_FARM_LEDGER_H
#define BF_FARM_LEDGER_H
#include <stdbool.h>
#include "base/file.h"
#include "base/log.h"
#include "comm/comm.h"
#include "farm/cost.h"
#include "farm/farm.h"
#include "farm/lineage.h"
#include "farm/lock.h"
#include "store/site.h"
#include "store/study_file.h"

#define BF_MAX_RUNS 256

typedef struct bf_ledger {
    const bf_study *study;
    char       dir[BF_PATH], uuid[37], created[32];
    char       tag[37];         /* this run's own, in temporary names */
    bf_lock    lock;
    bf_site    site;            /* dir and tag, once it is locked */
    int        count;
    int       *order;           /* (count): sweep index of every id */
    bf_lineage lineage;         /* by id */
    bool      *chosen;          /* (count): --only */
    bool      *resumes;         /* (count): a checkpoint is there */
    int64_t   *extends;         /* (count): its file holds the state after that many epochs, fewer than now asked for; 0 otherwise */
    const char **aside;         /* (count): "damaged" or "failed" where its file gives way to a new training; NULL otherwise */
    bool      *drops;           /* (count): its checkpoint is not to be resumed */
    bf_result *results;         /* (count): status says what they hold */
    bf_cost   *cost;            /* (count) */
    bf_run_record runs[BF_MAX_RUNS];
    int        n_runs;
    char      *effective;       /* text of study.yaml */
} bf_ledger;

/* Local, rank 0. Creates or continues the folder under its lock; what it holds is looked at and left as it is, but for --fresh. schema tells how
 * many columns results have.
 * BF_E_INPUT when the folder holds another study or results that this input would change (the difference is logged). */
BF_MUST_USE bf_status bf_ledger_open(const bf_study *study, const bf_farm_options *o, const bf_schema *schema, bf_logger *log, bf_ledger *out);
/* Local, rank 0. Makes room for what is trained again and writes study.yaml: from now on the folder holds this study. Not before everything that may
 * be refused has been looked at. */
BF_MUST_USE bf_status bf_ledger_publish(const bf_ledger *l);
int bf_ledger_tally(const bf_ledger *l, int status);            /* configurations in that state */
int bf_ledger_pending(const bf_ledger *l);                      /* chosen and not ended */
int bf_ledger_width(const bf_ledger *l);                        /* ... of which so many can train at a time: the others wait for neighbours */
void bf_ledger_close(bf_ledger *l);
#endif
