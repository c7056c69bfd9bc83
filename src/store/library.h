/* Which HDF5 this is, at run time: for `version` and provenance. */
#ifndef BF_STORE_LIBRARY_H
#define BF_STORE_LIBRARY_H
#include <stddef.h>
/* Local. "HDF5 1.10.8". */
void bf_store_library(char *out, size_t size);
#endif
