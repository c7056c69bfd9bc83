/* The classes that samples of a data file are of, as a trained model numbers them: the data set `label` beside them, or, where the model learned
 * the values of a factor (data.label), that column of `factors`. */
#ifndef BF_CLI_SAMPLE_LABELS_H
#define BF_CLI_SAMPLE_LABELS_H
#include "cli/encoder.h"
#include "store/data_file.h"

typedef struct bf_sample_labels {       /* zero it; bf_sample_labels_close() */
    const bf_encoder   *encoder;        /* borrowed, as is the file */
    const bf_data_file *file;
    bf_array from;                      /* label (rows) or factors (rows, factors) */
    int      column;                    /* of factors */
    float   *value, *block;             /* (classes) the value of each; (rows of a block, factors). NULL where it is label */
} bf_sample_labels;

/* Local. Those of `samples`, a data set of the file at path: the classes of train/x are train/label. BF_E_INPUT when it does not tell them. */
BF_MUST_USE bf_status bf_sample_labels_open(const bf_encoder *e, const bf_data_file *file, const char *path, const bf_array *samples, bf_sample_labels *out);
/* Local. Of rows first .. first+n-1, no more than a block of the encoder has, into labels (n). */
BF_MUST_USE bf_status bf_sample_labels_read(const bf_sample_labels *l, int64_t first, int n, int32_t *labels);
void bf_sample_labels_close(bf_sample_labels *l);
#endif
