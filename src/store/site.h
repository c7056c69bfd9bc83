/* The folder a run writes to. It is held open, so that another one that is made at its path is not taken for it. HDF5 opens files by path, so names
 * relative to the open folder would not do; but a temporary name is the run's own, and a rename finds it only in the folder where it was made: who compares
 * after it was made and before it is renamed leaves nothing in a folder of somebody else. */
#ifndef BF_STORE_SITE_H
#define BF_STORE_SITE_H
#include "base/status.h"

typedef struct bf_site {
    const char *dir, *tag;      /* borrowed; tag is the run's own part of temporary names */
    int         fd;             /* of dir as it was when the run began; -1: there is nothing to compare with */
} bf_site;

/* Local. dir has to exist; bf_site_close() in any case. */
BF_MUST_USE bf_status bf_site_open(const char *dir, const char *tag, bf_site *out);
/* Local. BF_E_IO when no folder, or another one, is now at dir. */
BF_MUST_USE bf_status bf_site_check(const bf_site *p);
void bf_site_close(bf_site *p);
#endif
