/* A study's folder as it stands, for a reader without lock and without MPI: what `status` shows. Where one of its files is damaged or missing,
 * the others tell what they can. */
#ifndef BF_CLI_STUDY_VIEW_H
#define BF_CLI_STUDY_VIEW_H
#include <stdbool.h>
#include "base/file.h"
#include "cli/study_traces.h"
#include "farm/progress.h"
#include "store/result.h"
#include "study/study.h"

typedef enum bf_study_state {
    BF_STUDY_RUNNING,
    BF_STUDY_SILENT,            /* says it runs, but has not been heard of for three times its reporting time */
    BF_STUDY_INTERRUPTED,       /* said it runs, and its process on this host is gone; or it ended by an error; or nobody knows */
    BF_STUDY_STOPPED,           /* everything saved, on request */
    BF_STUDY_FINISHED
} bf_study_state;

enum { BF_VIEW_RATE, BF_VIEW_DISTORTION, BF_VIEW_VARIANCE, BF_VIEW_ACTIVE, BF_VIEW_METRICS };       /* of rows[].metrics */

enum { BF_VIEW_PROGRESS, BF_VIEW_TABLES, BF_VIEW_FILES };       /* progress.json, study.h5 */

typedef struct bf_study_view {      /* zero it; bf_study_view_close() */
    char           dir[BF_PATH];
    bf_study      *study;           /* parsed DIR/study.yaml; NULL when it cannot be read */
    bf_progress    progress;
    bool           has_progress;
    bf_status      damage[BF_VIEW_FILES];   /* why a file that is there tells nothing; BF_OK when it does, or is not there */
    bf_study_traces traces;         /* looked for without progress */
    double         age;             /* seconds since progress.json was written; NaN unknown */
    bf_study_state state;
    int            configs;
    bf_result     *rows;            /* (configs) of study.h5, or without it of configs/; NULL when neither it nor study.yaml can be read */
    int            done, failed, running, pending;
} bf_study_view;

/* Local. BF_E_INPUT when dir is no study. */
BF_MUST_USE bf_status bf_study_view_open(const char *dir, bf_study_view *v);
void bf_study_view_close(bf_study_view *v);
const char *bf_study_state_name(bf_study_state state);
#endif
