/* Backends by name. */
#ifndef BF_NN_BACKEND_H
#define BF_NN_BACKEND_H
#include "nn/plan.h"

extern const char *const bf_backend_names[];            /* "auto portable onednn", NULL-terminated: all there are, built in or not */
/* Local. auto: the fastest for this processor. NULL where this build has none of that name. */
const bf_backend *bf_backend_find(const char *name);
#endif
