#include "base/build.h"

#include "build_info.h"     /* generated: see build_info.cmake */

const bf_build *bf_build_info(void)
{
    static const bf_build info = {
        .version = BF_BUILD_VERSION, .git = BF_BUILD_GIT, .compiler = BF_BUILD_COMPILER, .flags = BF_BUILD_FLAGS,
        .libraries = BF_BUILD_LIBRARIES,
    };
    return &info;
}
