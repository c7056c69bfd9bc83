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
    const bf_status io = { .code = BF_E_IO };
    /* Asked only then: where HDF5 was not in use, asking starts it, which without memory is a crash of its own. */
    const bool asked = *world && exit_code == bf_status_exit_code(&io);
    const bool keeps = asked && bf_comm_max(*world, H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE) > 0) > 0;
    if (keeps) bf_comm_leave(*world, exit_code);
    bf_comm_finalize(world);
}
