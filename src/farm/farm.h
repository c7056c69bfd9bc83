/* The farm: which team of ranks trains which configuration of one study, until all have ended or somebody asks to stop. */
#ifndef BF_FARM_FARM_H
#define BF_FARM_FARM_H
#include "base/log.h"
#include "comm/comm.h"
#include "farm/study_data.h"
#include "study/study.h"

typedef struct bf_farm_options {
    const char *dir;                    /* the study's folder */
    const char *command_line;           /* for provenance */
    const char *input_name;             /* as the user wrote it */
    const char *input_text;
    const char *only;                   /* "0-7,12" or NULL */
    double      max_seconds;            /* 0: no limit; counted from `started` */
    double      started;                /* bf_clock_seconds() at the program's start */
    bool        retry_failed, fresh, quiet;
} bf_farm_options;

/* Collective over world. Prepares or continues the folder under its lock, trains, writes, prints. The status is the program's:
 * BF_OK, BF_E_FAILED, BF_E_STOPPED, BF_E_INPUT, BF_E_IO ... the same on every rank. */
BF_MUST_USE bf_status bf_farm_run(const bf_comm *world, const bf_study *study, bf_study_data_sets *data, const bf_farm_options *o);
#endif
