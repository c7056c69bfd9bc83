/* data.label: which value of the factor each class stands for, kept with a model that is told classes for whoever brings it new data. */
#ifndef BF_FARM_CLASS_VALUES_H
#define BF_FARM_CLASS_VALUES_H
#include "data/dataset.h"
#include "store/config_file.h"

/* Collective over team. class_values (classes), of factor number `factor`, counted from 1; nothing for 0: the classes are the data's own. */
BF_MUST_USE bf_status bf_class_values_write(bf_config_file *f, const bf_comm *team, const bf_dataset *data, int64_t factor);
/* Local. Fills value (classes) from the file of configuration id. BF_E_FORMAT when it, of an earlier version, has none. */
BF_MUST_USE bf_status bf_class_values_read(const char *path, int id, int classes, float *value);
#endif
