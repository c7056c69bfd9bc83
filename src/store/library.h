/* HDF5 as a whole: what it is, and how the program leaves it. */
#ifndef BF_STORE_LIBRARY_H
#define BF_STORE_LIBRARY_H
#include <stddef.h>
#include "comm/comm.h"
/* Local. Name and version of the HDF5 library in use. */
void bf_store_library(char *out, size_t size);
/* Collective over *world. bf_comm_finalize(), in which HDF5 closes what it still has. Of a file that could not be closed, on a disk that takes no more,
 * it keeps a part that it must not look at again: then, where exit_code is that of BF_E_IO, the process ends here. The same on every rank. */
void bf_store_finalize(bf_comm **world, int exit_code);
#endif
