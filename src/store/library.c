#include "store/library.h"

#include <hdf5.h>
#include <stdio.h>

void bf_store_library(char *out, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) snprintf(out, size, "HDF5 unknown");
    else snprintf(out, size, "HDF5 %u.%u.%u", major, minor, release);
}
