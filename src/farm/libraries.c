#include "farm/libraries.h"

#include <stdio.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>

#include "comm/comm.h"
#include "nn/kernels_info.h"
#include "store/library.h"

void bf_libraries(bf_library out[BF_LIBRARIES])
{
    const size_t size = sizeof out[0].name_version;
    unsigned xxhash = XXH_versionNumber();      /* major * 10000 + minor * 100 + release */
    bf_comm_library(out[0].name_version, size);
    bf_store_library(out[1].name_version, size);
    bf_kernel_library(out[2].name_version, size);
    snprintf(out[3].name_version, size, "libyaml %s", yaml_get_version_string());
    snprintf(out[4].name_version, size, "xxHash %u.%u.%u", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
    snprintf(out[5].name_version, size, "zlib %s", zlibVersion());
    bf_kernel_accelerator(out[6].name_version, size);
}
