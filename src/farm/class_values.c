#include "farm/class_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "class_values"

/* A class that no sample in use is of has no value: it was not learned. */
static void find_values(const bf_dataset *data, int64_t factor, float *value)
{
    const bf_data_info *info = bf_dataset_info(data);
    for (int c = 0; c < info->labels; c++) value[c] = NAN;
    for (int split = 0; split < BF_SPLITS; split++) {
        const int32_t *label = bf_dataset_labels(data, (bf_split)split);
        const float *factors = bf_dataset_factors(data, (bf_split)split);
        for (int64_t i = 0; label && factors && i < info->rows[split]; i++)
            value[label[i]] = factors[(size_t)i * (size_t)info->factors + (size_t)(factor - 1)];
    }
}

static bf_array array_of(int classes, float *value)
{
    return (bf_array){ .name = NAME, .type = BF_TYPE_F32, .rank = 1, .shape = { classes }, .data = value };
}

bf_status bf_class_values_write(bf_config_file *f, const bf_comm *team, const bf_dataset *data, int64_t factor)
{
    const int classes = bf_dataset_info(data)->labels;
    if (factor == 0) return BF_DONE;
    float *value = malloc((size_t)classes * sizeof *value);
    bf_status s = bf_comm_agree(team, value ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the values of %d classes", classes));
    if (!s.code) {
        find_values(data, factor, value);
        const bf_array a = array_of(classes, value);
        s = bf_config_file_array(f, &a, NULL);
    }
    free(value);
    return s;
}

bf_status bf_class_values_read(const char *path, int id, int classes, float *value)
{
    const bf_array a = array_of(classes, value);
    return bf_config_file_read_array(path, id, &a);
}
