/* The libraries this process runs on, which may differ from those it was built with: for `version` and provenance. */
#ifndef BF_FARM_LIBRARIES_H
#define BF_FARM_LIBRARIES_H
#define BF_LIBRARIES 7
typedef struct bf_library { char name_version[160]; } bf_library;
/* Local. "Open MPI v4.1.4 ...", "HDF5 1.10.8", "OpenBLAS 0.3.21 ...", "libyaml 0.2.5", "xxHash 0.8.1", "zlib 1.2.13", "oneDNN 2.6.3". */
void bf_libraries(bf_library out[BF_LIBRARIES]);
#endif
