/* train.init_from: weights of another configuration as the place to start. */
#ifndef BF_FARM_INIT_FROM_H
#define BF_FARM_INIT_FROM_H
#include "data/dataset.h"
#include "nn/params.h"
#include "study/config.h"
/* Local. from: a configuration's file (.../c0003.h5) or DIR:ID. Every slot must be there with the same shape. */
BF_MUST_USE bf_status bf_init_from(const char *from, const bf_params *p, float *theta);
/* Local. Whether c.train.init_from would serve c, before anything runs. BF_E_INPUT says why not. */
BF_MUST_USE bf_status bf_init_from_check(const bf_config *c, const bf_data_info *data);
#endif
