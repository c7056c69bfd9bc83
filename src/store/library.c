#include "store/library.h"

#include <hdf5.h>
#include <stdio.h>

void bf_store_library(char *out, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) snprintf(out, size, "HDF5 unknown");
    else snprintf(out, size, "HDF5 %u.%u.%u", major, minor, release);
}

void bf_store_finalize(bf_comm **world, int exit_code)
{
    const bool keeps = *world && bf_comm_max(*world, H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE) > 0) > 0;
    if (keeps) bf_comm_leave(*world, exit_code);
    bf_comm_finalize(world);
}
