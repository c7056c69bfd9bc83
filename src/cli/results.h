/* A study's folder for commands that read results: its study file, and the row of every configuration that study.h5 has so far. */
#ifndef BF_CLI_RESULTS_H
#define BF_CLI_RESULTS_H
#include "cli/input.h"
#include "store/schema.h"

typedef struct bf_results {         /* zero it; bf_results_close() */
    bf_input_file in;
    int           configs;          /* rows; study.yaml may name more */
    bf_result    *rows;             /* (configs) by id, the sweep's index */
} bf_results;

/* Local. rows get the metrics that schema names. BF_E_INPUT when dir is no study or nothing of it has ended; what is wrong with its study.yaml is
 * told on stderr. */
BF_MUST_USE bf_status bf_results_open(const char *dir, const bf_schema *schema, bf_results *out);
/* Local. What --split says: 0 train, 1 test. */
BF_MUST_USE bf_status bf_results_split(const char *text, int *split);
/* Local. BF_E_USAGE when one of the files to write is a study's own in one of these folders, or both are the same; NULL is none. */
BF_MUST_USE bf_status bf_results_spare(const bf_texts *dirs, const char *out, const char *csv);
void bf_results_close(bf_results *r);
#endif
