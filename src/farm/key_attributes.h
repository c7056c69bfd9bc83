/* A configuration's effective keys as attributes of its file. */
#ifndef BF_FARM_KEY_ATTRIBUTES_H
#define BF_FARM_KEY_ATTRIBUTES_H
#include "store/schema.h"
#include "study/config.h"

/* Local. Those whose path begins with `under` ("" for all), in the table's order. attrs has room for as many as the table has keys;
 * what is in it then belongs to the caller: bf_key_attributes_free(), whatever comes back. */
BF_MUST_USE bf_status bf_key_attributes(const bf_config *c, const char *under, bf_attr *attrs, int *n);
void bf_key_attributes_free(bf_attr *attrs, int n);
#endif
