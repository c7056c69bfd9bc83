/* Weights in a configuration's file, in PyTorch's order. */
#ifndef BF_FARM_WEIGHTS_H
#define BF_FARM_WEIGHTS_H
#include "comm/comm.h"
#include "nn/params.h"
#include "store/config_file.h"

/* Collective over team. theta is the same on every rank. */
BF_MUST_USE bf_status bf_weights_write(bf_config_file *f, const bf_comm *team, const bf_params *p, const float *theta);
/* Local. Fills theta from the file of configuration id: every slot must be there with the same shape. */
BF_MUST_USE bf_status bf_weights_read(const char *path, int id, const bf_params *p, float *theta);
#endif
