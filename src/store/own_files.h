/* The files of a study's folder by name; and where commands must not write: over those, or over what they read. */
#ifndef BF_STORE_OWN_FILES_H
#define BF_STORE_OWN_FILES_H
#include "base/status.h"

/* What lies beside the folders configs and checkpoints, NULL at the end. The lock is not among them: who holds it must not remove it. */
extern const char *const bf_own_files[];

/* Local. BF_E_USAGE when out is one of the files of the study in dir; BF_E_IO when out's folder does not exist. */
BF_MUST_USE bf_status bf_own_files_spare(const char *dir, const char *out);
/* Local. BF_E_USAGE when the two names are of one file. */
BF_MUST_USE bf_status bf_own_files_differ(const char *in, const char *out);
#endif
