/* `betafield pack`: one self-contained file with the object names of study.h5; scales attached inside each configuration's group. */
#ifndef BF_STORE_PACK_H
#define BF_STORE_PACK_H
#include "comm/comm.h"
/* Collective over world, any number of ranks. */
BF_MUST_USE bf_status bf_pack(const bf_comm *world, const char *dir, const char *out_path, const char *tag);
#endif
