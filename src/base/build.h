/* How this program was built: for `version` and for the provenance of results. */
#ifndef BF_BASE_BUILD_H
#define BF_BASE_BUILD_H

typedef struct bf_build {
    const char *version;        /* "0.1.0" */
    const char *git;            /* git describe, "-dirty" when tracked files were changed; "unknown" outside a checkout */
    const char *compiler;       /* "GNU 12.2.0" */
    const char *flags;          /* what the code was compiled with, warnings left out */
    const char *libraries;      /* versions found at build: "Open MPI 4.1.4, HDF5 1.10.8, ..." */
} bf_build;

const bf_build *bf_build_info(void);
#endif
