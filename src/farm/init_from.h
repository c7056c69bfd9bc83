/* Weights of another configuration as the place to start: those that train.init_from names, or a neighbour's (warm_start.along). The optimiser
 * starts afresh in both cases. */
#ifndef BF_FARM_INIT_FROM_H
#define BF_FARM_INIT_FROM_H
#include <stdbool.h>
#include "data/dataset.h"
#include "nn/params.h"
#include "store/schema.h"
#include "study/config.h"
/* Local. 16 hex digits that change when the weights do. BF_E_INPUT when there are none. */
BF_MUST_USE bf_status bf_init_from_digest(const char *from, char out[17]);
/* Local. from: a configuration's file (.../c0003.h5) or DIR:ID, whose weights must have this digest. Every slot must be there with the same shape. */
BF_MUST_USE bf_status bf_init_from(const char *from, const char *digest, const bf_params *p, float *theta);
/* Local. The same from configuration `parent` of the study in dir, which has ended. BF_E_INPUT, naming it, when it did not end well; BF_E_FORMAT
 * when its file is not the result that `hash` says. */
BF_MUST_USE bf_status bf_init_from_parent(const char *dir, int parent, const char *hash, const bf_schema *schema, const bf_params *p, float *theta);
/* Local. Whether the file that train.init_from names is a configuration's of the study in that folder. */
bool bf_init_from_inside(const char *from, const char *dir);
/* Local. Whether c.train.init_from would serve c, before anything runs. BF_E_INPUT says why not. */
BF_MUST_USE bf_status bf_init_from_check(const bf_config *c, const bf_data_info *data);
/* Local. Whether two configurations' models have the same weights; `differs` (size) names the first that does not, "" when all do. */
BF_MUST_USE bf_status bf_init_from_compare(const bf_config *a, const bf_data_info *data_a, const bf_config *b, const bf_data_info *data_b, char *differs,
                                           size_t size);
#endif
